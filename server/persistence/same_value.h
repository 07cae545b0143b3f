// Whether two entries say the same: type, expiry and value, however they are stored.
#pragma once

#include "server/store/entry.h"

namespace larder {

// Whoever calls holds what guards both.
bool SameValue(const Entry& a, const Entry& b);

}  // namespace larder
