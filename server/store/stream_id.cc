#include "server/store/stream_id.h"

#include <cerrno>
#include <charconv>
#include <cstdlib>

#include "server/base/numbers.h"

namespace larder {
namespace {

constexpr size_t kMostIdText = 127;  // bytes, as in Redis: no id that a client means is longer

}  // namespace

bool Increment(StreamId* id) {
  if (*id == StreamId::Max()) return false;
  if (++id->seq == 0) ++id->ms;
  return true;
}

bool Decrement(StreamId* id) {
  if (*id == StreamId::Min()) return false;
  if (id->seq-- == 0) --id->ms;
  return true;
}

bool ParseStreamIdPart(std::string_view text, uint64_t* part) {
  if (int64_t number; ParseInt64(text, &number)) {  // as nearly always
    *part = static_cast<uint64_t>(number);
    return number >= 0;
  }
  if (text.empty() || text.size() > kMostIdText) return false;
  const std::string digits(text);
  char* end;
  errno = 0;
  *part = std::strtoull(digits.c_str(), &end, 10);
  return errno == 0 && end == digits.c_str() + digits.size();
}

bool ParseStreamId(std::string_view text, uint64_t missing_seq, StreamId* id) {
  const size_t dash = text.find('-');
  StreamId parsed = {0, missing_seq};
  if (!ParseStreamIdPart(text.substr(0, dash), &parsed.ms)) return false;
  if (dash != std::string_view::npos && !ParseStreamIdPart(text.substr(dash + 1), &parsed.seq)) {
    return false;
  }
  *id = parsed;
  return true;
}

size_t FormatStreamId(char* buffer, StreamId id) {
  char* at = std::to_chars(buffer, buffer + kMaxStreamIdLength, id.ms).ptr;
  *at++ = '-';
  at = std::to_chars(at, buffer + kMaxStreamIdLength, id.seq).ptr;
  return static_cast<size_t>(at - buffer);
}

std::string FormatStreamId(StreamId id) {
  char buffer[kMaxStreamIdLength];
  return std::string(buffer, FormatStreamId(buffer, id));
}

}  // namespace larder
