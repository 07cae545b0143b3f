#include "server/commands/blocking.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "protocol/errors.h"
#include "server/base/numbers.h"

namespace larder {

namespace {

// The moment it ends must fit 64 bits as well.
bool CheckTimeout(Context& c, long double ms) {
  if (ms < 0) {
    c.reply.Error(errors::kTimeoutNegative);
    return false;
  }
  if (ms >= static_cast<long double>(std::numeric_limits<int64_t>::max() - c.now_ms())) {
    c.reply.Error("ERR timeout is out of range");
    return false;
  }
  return true;
}

}  // namespace

bool ParseTimeout(Context& c, size_t i, int64_t* timeout_ms) {
  long double seconds;
  if (!ParseLongDouble(c.args[i], &seconds)) {
    c.reply.Error(errors::kTimeoutNotFloat);
    return false;
  }
  const long double ms = std::ceil(seconds * 1000);
  if (!CheckTimeout(c, ms)) return false;
  *timeout_ms = static_cast<int64_t>(ms);
  return true;
}

bool ParseTimeoutMs(Context& c, size_t i, int64_t* timeout_ms) {
  return c.Integer(i, timeout_ms, "ERR timeout is not an integer or out of range") &&
         CheckTimeout(c, static_cast<long double>(*timeout_ms));
}

void WaitFor(Context& c, Wait wait) {
  if (!c.may_park()) return c.reply.NullArray();
  Reply(wait.timeout_reply, c.reply.resp()).NullArray();
  c.Park(std::move(wait));
}

void WaitForKeys(Context& c, size_t first, size_t count, ValueType wants, int64_t timeout_ms) {
  const Args keys = c.args.subspan(first, count);
  WaitFor(c, {.keys = {keys.begin(), keys.end()}, .wants = wants, .timeout_ms = timeout_ms});
}

}  // namespace larder
