// What the blocking commands share: their time-out, and waiting for one of their keys.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/engine/context.h"

namespace larder {

// The time-out at word `i`, in seconds with a fraction; `timeout_ms` 0: for ever. False after an
// error was answered.
bool ParseTimeout(Context& c, size_t i, int64_t* timeout_ms);

// Parks the client as `wait` says. The null array is what it gets when the time is over, and at
// once where it may not wait.
void WaitFor(Context& c, Wait wait);
// The same, until one of the `count` keys from word `first` on holds a value of this type.
void WaitForKeys(Context& c, size_t first, size_t count, ValueType wants, int64_t timeout_ms);

}  // namespace larder
