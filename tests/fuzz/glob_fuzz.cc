// Patterns and texts of any bytes: no crash, no read outside, and the laws that hold for every
// pair. Input: pattern, newline, text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/check.h"
#include "server/base/glob.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t end = input.find('\n');
  if (end == std::string_view::npos) return 0;
  std::string_view pattern = input.substr(0, end), text = input.substr(end + 1);
  bool match = larder::GlobMatch(pattern, text);
  larder::GlobMatch(pattern, text, true);
  if (!text.empty()) CHECK(larder::GlobMatch("*", text));
  // A star in front can only add matches.
  if (match && !text.empty()) CHECK(larder::GlobMatch("*" + std::string(pattern), text));
  std::string escaped;
  for (char c : text) escaped += {'\\', c};
  CHECK(larder::GlobMatch(escaped, text));
  return 0;
}
