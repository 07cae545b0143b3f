#include "server/commands/blocking.h"

#include <cmath>
#include <limits>
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
  if (ms < 0) {
    c.reply.Error(errors::kTimeoutNegative);
    return false;
  }
  // The moment it ends must fit 64 bits as well.
  if (ms >= static_cast<long double>(std::numeric_limits<int64_t>::max() - c.now_ms())) {
    c.reply.Error("ERR timeout is out of range");
    return false;
  }
  *timeout_ms = static_cast<int64_t>(ms);
  return true;
}

void WaitForKeys(Context& c, size_t first, size_t count, ValueType wants, int64_t timeout_ms) {
  if (!c.may_park()) return c.reply.NullArray();
  std::vector<std::string> keys(c.args.begin() + static_cast<std::ptrdiff_t>(first),
                                c.args.begin() + static_cast<std::ptrdiff_t>(first + count));
  OutputBuffer timeout_reply;
  Reply(timeout_reply, c.reply.resp()).NullArray();
  c.Park(std::move(keys), wants, timeout_ms, std::move(timeout_reply));
}

}  // namespace larder
