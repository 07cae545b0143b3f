#include "server/commands/blocking.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "protocol/errors.h"
#include "server/base/numbers.h"

namespace larder {

bool ParseTimeout(Context& c, size_t i, int64_t* timeout_ms) {
  long double seconds;
  if (!ParseLongDouble(c.args[i], &seconds)) {
    c.reply.Error(errors::kTimeoutNotFloat);
    return false;
  }
  const long double ms = std::ceil(seconds * 1000);
  if (!c.CheckTimeout(ms)) return false;
  *timeout_ms = static_cast<int64_t>(ms);
  return true;
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
