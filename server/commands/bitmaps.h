// What the files of the bit commands share.
#pragma once

#include <cstdint>

#include "server/engine/context.h"

namespace larder {

// The offset in bits that word `i` means, below proto-max-bulk-len; "#3", where `width` is not 0,
// is the third field of that many bits, counted from 0. False after the error was answered.
bool ParseBitOffset(Context& c, size_t i, int width, uint64_t* offset);

}  // namespace larder
