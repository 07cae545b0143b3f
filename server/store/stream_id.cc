#include "server/store/stream_id.h"

#include <charconv>

#include "server/base/numbers.h"

namespace larder {

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
  const size_t digits = text.find_first_not_of('0');
  if (digits == std::string_view::npos) {
    *part = 0;
    return !text.empty();
  }
  return ParseUint64(text.substr(digits), part);
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
