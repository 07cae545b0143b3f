// The sparse encoding of a HyperLogLog: see hyperloglog.h for the bytes. Internal to hyperloglog;
// `bytes` is the whole string, header included. How a run is split and joined follows Redis, since
// the bytes must be the same. Pure functions: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/store/hyperloglog.h"

namespace larder::hyperloglog {

enum class SparseChange : uint8_t { kNone, kDone, kDoesNotFit, kCorrupt };

// The runs of 16384 zeros.
std::string EmptyRuns();
// False where the runs are not exactly 16384 registers. REQUIRES: all of `registers` are zero.
bool DecodeRuns(std::string_view bytes, Registers& registers);
// Raises a register. kDoesNotFit: the value or the longer string is more than this encoding allows;
// nothing was changed.
SparseChange RaiseSparse(std::string* bytes, size_t index, uint8_t value, size_t most_bytes);

}  // namespace larder::hyperloglog
