// How a value is kept, as OBJECT ENCODING names it.
#pragma once

#include <string_view>

#include "server/engine/context.h"

namespace larder {

// Under the present limits of the configuration (hash-max-listpack-entries …). The key's lock is
// held.
std::string_view EncodingName(Context& c, const Entry& entry);

}  // namespace larder
