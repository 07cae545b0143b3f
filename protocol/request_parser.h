// RequestParser: finds requests in the bytes a client has sent: RESP arrays of bulk strings, or
// inline commands (redis.io/docs/reference/protocol-spec). It copies nothing: arguments are views
// into the input. It remembers how far an unfinished request was read, so that a large one is
// scanned once however many pieces it comes in. One per connection; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/limits.h"

namespace larder {

class RequestParser {
 public:
  struct Limits {
    size_t inline_bytes = limits::kLineBytes;
    size_t bulk_bytes = limits::kBulkBytes;  // proto-max-bulk-len
    size_t arguments = limits::kArguments;
    bool authenticated = true;  // false: 10 arguments of 16 KiB at most
  };
  enum class Result {
    kRequest,   // args holds the request's words; consumed says where it ends
    kEmpty,     // a blank inline line or an empty array: nothing to run, consumed bytes to skip
    kNeedMore,  // the request is not whole yet
    kError,     // error() is Redis' text; the connection is to be closed after it is sent
  };

  // Reads one request from the front of `input`. Until it has answered something other than
  // kNeedMore, every call must show the same bytes again, with more behind them (they may have
  // moved). `args` is cleared and filled; its views point into `input` (for inline commands with
  // quotes into memory of this object, good until the next call).
  Result Next(std::string_view input, const Limits& limits, std::vector<std::string_view>& args,
              size_t* consumed);

  // Forgets the request that is not whole: the next call reads from the front of something else.
  // The words given out stay as they are.
  void Rewind() { unfinished_.reset(); }

  // Redis' text, "ERR Protocol error: ...", without the leading minus.
  std::string_view error() const { return error_; }
  // True when the last request's words are in this object's memory and not in the input.
  bool rewritten() const { return unquoted_ != nullptr; }
  // How many bytes of the present request the input must hold at least before Next can get further;
  // a hint for the size of the buffer.
  size_t wanted() const { return unfinished_ != nullptr ? unfinished_->wanted : 0; }
  // Of the present request, how many bytes come before those of the word that is not whole.
  size_t whole_bytes() const { return unfinished_ != nullptr ? unfinished_->word_begin : 0; }
  // There comes a line first that says how many words, or bytes, there are, and is not whole.
  bool within_line() const {
    return unfinished_ != nullptr && unfinished_->position == unfinished_->word_begin;
  }
  // Memory held beyond this object, in bytes.
  size_t MemoryBytes() const;

 private:
  struct Piece {
    size_t offset;
    size_t size;
  };
  // An array that began and is not whole yet. Most requests never need one.
  struct Unfinished {
    std::vector<Piece> pieces;  // the words found so far, as offsets into the request
    size_t position = 0;        // how far it has been read: the start of the next word's length
    size_t word_begin = 0;      // and of its bytes, where the length is known
    size_t word_size = 0;       // that length: accepted, whatever the limits become
    size_t scanned = 0;         // no line's end before here
    size_t wanted = 0;
    size_t words_left = 0;  // 0: not even the array's length is known
  };
  // One line that holds a number.
  struct Line {
    int64_t number;
    size_t end;  // offset of what follows it
  };

  Result NextInline(std::string_view input, const Limits& limits,
                    std::vector<std::string_view>& args, size_t* consumed);
  Result NextArray(std::string_view input, const Limits& limits,
                   std::vector<std::string_view>& args, size_t* consumed);
  Result ReadWords(std::string_view input, const Limits& limits,
                   std::vector<std::string_view>& args, size_t* position, size_t words_left);
  void PrependPieces(std::string_view input, std::vector<std::string_view>& args);
  Result ReadCount(std::string_view input, const Limits& limits, Line* line);
  Result ReadWordSize(std::string_view input, const Limits& limits, size_t position, Line* line);
  Result ReadLongLine(std::string_view input, size_t position, std::string_view too_big,
                      std::string_view invalid, Line* line);
  bool SplitQuoted(std::string_view text, std::vector<std::string_view>& args);
  Result NeedMore(size_t wanted);
  Result Fail(std::string_view text);
  Unfinished& unfinished();

  std::unique_ptr<Unfinished> unfinished_;
  std::unique_ptr<std::deque<std::string>> unquoted_;  // words of an inline command with quotes
  std::string error_;
};

}  // namespace larder
