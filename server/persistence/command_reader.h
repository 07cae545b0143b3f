// CommandReader: reads the requests of an append-only file, and passes over its annotations (lines
// that begin with #). One thread. Memory is bounded by the largest request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/rdb_reader.h"
#include "protocol/request_parser.h"

namespace larder {

class CommandReader {
 public:
  // `begin`: the source has been read up to here already.
  CommandReader(RdbSource& source, uint64_t begin) : source_(source), position_(begin) {}

  enum class Result : uint8_t {
    kRequest,
    kEnd,        // of the input, behind a request
    kTruncated,  // the input ended in the middle of one
    kMalformed,
  };
  // The words are valid until the next call.
  Result Next(std::vector<std::string_view>& words);
  // Bytes of the input up to the end of the last request.
  uint64_t position() const { return position_; }

 private:
  static constexpr size_t kReadBytes = 256 * 1024;
  static constexpr size_t kMostAnnotation = 1024;  // as Redis

  bool Fill();
  std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }
  void Consume(size_t bytes);
  bool HasBareNewline() const;
  bool SkipAnnotation(Result* result);

  RdbSource& source_;
  RequestParser parser_;
  std::string buffer_;
  size_t begin_ = 0;  // of the buffer: the next request
  uint64_t position_;
};

}  // namespace larder
