// What the files of the set commands share.
#pragma once

#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "server/store/set.h"

namespace larder {

// The limits that OBJECT ENCODING follows, as they are configured now.
Set::Limits SetLimits(const Context& c);

}  // namespace larder
