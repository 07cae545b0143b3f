// Reads over the values of an RDB file without making anything of them, so that one thread can find
// where keys begin while others build them. Only the outline is checked: what is inside packed
// strings is for whoever reads the value.
#pragma once

#include <cstdint>

#include "protocol/rdb_reader.h"

namespace larder {

// A value of this type, rdb::Type. False, with reader.error(), at the end of the input, at an
// outline that makes no sense, at a type that is unknown or a module's.
bool SkipRdbValue(RdbReader& reader, uint8_t type);

}  // namespace larder
