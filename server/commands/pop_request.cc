#include "server/commands/pop_request.h"

#include "server/base/strings.h"
#include "server/commands/counts.h"

namespace larder {

bool ParsePopRequest(Context& c, size_t i, std::string_view first_end, std::string_view last_end,
                     PopRequest* request) {
  int64_t keys;
  if (!ParsePositive(c, i, &keys, "ERR numkeys should be greater than 0")) return false;
  const size_t words = c.args.size();
  const size_t left = words - i - 1;
  if (static_cast<size_t>(keys) >= left) {
    c.SyntaxError();
    return false;
  }
  const size_t end_at = i + 1 + static_cast<size_t>(keys);
  *request = {i + 1, static_cast<size_t>(keys), EqualsIgnoreCase(c.args[end_at], last_end), 1};
  const bool known = request->from_last || EqualsIgnoreCase(c.args[end_at], first_end);
  const bool counted = words > end_at + 2 && EqualsIgnoreCase(c.args[end_at + 1], "count");
  if (!known || (!counted && words > end_at + 1)) {
    c.SyntaxError();
    return false;
  }
  if (!counted) return true;
  int64_t count;
  if (!ParsePositive(c, end_at + 2, &count, "ERR count should be greater than 0")) return false;
  request->count = static_cast<size_t>(count);
  if (words == end_at + 3) return true;
  c.SyntaxError();
  return false;
}

}  // namespace larder
