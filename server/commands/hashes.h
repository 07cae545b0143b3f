// What the files of the hash commands share.
#pragma once

#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "server/store/hash.h"

namespace larder {

// The limits that OBJECT ENCODING follows, as they are configured now.
Hash::Limits HashLimits(const Context& c);

}  // namespace larder
