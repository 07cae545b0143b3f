// DEBUG PROTOCOL: an example of every type of reply, for the tests of clients.
#pragma once

#include "server/engine/context.h"

namespace larder {

void DebugProtocol(Context& c);

}  // namespace larder
