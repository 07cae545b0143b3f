#include "server/persistence/command_reader.h"

#include <algorithm>

namespace larder {

CommandReader::Result CommandReader::Next(std::vector<std::string_view>& words) {
  constexpr RequestParser::Limits kLimits = {.bulk_bytes = INT64_MAX};
  for (;;) {
    if (rest().empty() && !Fill()) return Result::kEnd;
    if (rest().front() == '#') {
      Result result;
      if (!SkipAnnotation(&result)) return result;
      continue;
    }
    if (rest().front() != '*') return Result::kMalformed;
    size_t consumed = 0;
    switch (parser_.Next(rest(), kLimits, words, &consumed)) {
      case RequestParser::Result::kRequest:
        Consume(consumed);
        return Result::kRequest;
      case RequestParser::Result::kNeedMore:
        if (!Fill()) return HasBareNewline() ? Result::kMalformed : Result::kTruncated;
        break;
      default:
        return Result::kMalformed;
    }
  }
}

// The words of the last request stay where they are until the buffer is filled again.
void CommandReader::Consume(size_t bytes) {
  begin_ += bytes;
  position_ += bytes;
}

// In the line that the input ends in, whose CR is still to come: no writer was interrupted there,
// though it may be that somebody's editor has saved the file.
bool CommandReader::HasBareNewline() const {
  return parser_.within_line() &&
         rest().find('\n', parser_.whole_bytes()) != std::string_view::npos;
}

bool CommandReader::SkipAnnotation(Result* result) {
  for (;;) {
    const size_t end = rest().find('\n');
    if (end != std::string_view::npos && end < kMostAnnotation) return Consume(end + 1), true;
    *result = Result::kMalformed;
    if (end != std::string_view::npos || rest().size() >= kMostAnnotation) return false;
    *result = Result::kTruncated;
    if (!Fill()) return false;
  }
}

bool CommandReader::Fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t have = buffer_.size();
  const size_t missing = parser_.wanted() > have ? parser_.wanted() - have : 0;
  // Never much more on the word of the input than what is there.
  const size_t most = std::clamp(missing, kReadBytes, std::max(have, kReadBytes));
  buffer_.resize(have + most);
  const size_t read = source_.Read(buffer_.data() + have, most);
  buffer_.resize(have + read);
  return read > 0;
}

}  // namespace larder
