#include "server/net/gathering.h"

#include <sys/prctl.h>

namespace larder {

void WaitPrecisely() { ::prctl(PR_SET_TIMERSLACK, 1000ul); }

}  // namespace larder
