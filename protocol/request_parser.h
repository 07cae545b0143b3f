// RequestParser: finds requests in the bytes a client has sent: RESP arrays of bulk strings, or inline
// commands (redis.io/docs/reference/protocol-spec). It copies nothing: arguments are views into the
// input. It remembers how far an unfinished request was read, so that a large one is scanned once
// however many pieces it comes in. One per connection; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

class RequestParser {
 public:
  struct Limits {
    size_t inline_bytes = 64 * 1024;             // Redis' PROTO_INLINE_MAX_SIZE
    size_t bulk_bytes = 512ull * 1024 * 1024;    // proto-max-bulk-len
    size_t arguments = 1024ull * 1024 * 1024;    // Redis: INT_MAX for clients that are let in
    bool authenticated = true;                   // false: 10 arguments of 16 KiB at most
  };
  enum class Result {
    kRequest,   // args holds the request's words; consumed says where it ends
    kEmpty,     // a blank inline line or an empty array: nothing to run, consumed bytes to skip
    kNeedMore,  // the request is not whole yet
    kError,     // error() is Redis' text; the connection is to be closed after it is sent
  };

  // Reads one request from the front of `input`. Until it has answered something other than kNeedMore,
  // every call must show the same bytes again, with more behind them (they may have moved).
  // `args` is cleared and filled; its views point into `input` (for inline commands with quotes into
  // memory of this object, good until the next call).
  Result Next(std::string_view input, const Limits& limits, std::vector<std::string_view>& args,
              size_t* consumed);

  // Redis' text, "ERR Protocol error: ...", without the leading minus.
  const std::string& error() const { return error_; }
  // How many bytes of the present request the input must hold at least before Next can get further; a
  // hint for the size of the buffer.
  size_t wanted() const { return wanted_; }
  // Memory held for an unfinished request, in bytes.
  size_t MemoryBytes() const;

 private:
  Result NextInline(std::string_view input, const Limits& limits,
                    std::vector<std::string_view>& args, size_t* consumed);
  Result NextArray(std::string_view input, const Limits& limits,
                   std::vector<std::string_view>& args, size_t* consumed);
  Result Fail(std::string text);
  void Reset();

  struct Piece {
    size_t offset;
    size_t size;
  };
  std::vector<Piece> pieces_;         // the words found so far, as offsets into the request
  std::vector<std::string> unquoted_; // words of an inline command that had to be rewritten
  size_t position_ = 0;               // how far the present request has been read
  int64_t words_left_ = 0;            // of the present array; 0: no array begun
  size_t wanted_ = 0;
  std::string error_;
};

}  // namespace larder
