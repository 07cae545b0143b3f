// RdbWriter: writes the lengths, strings and numbers of the RDB format (rdb_format.h) to a sink,
// through a buffer, and keeps the checksum of all of it. One thread.
//
// The first write that fails is remembered: later ones do nothing, and ok() says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace larder {

class RdbSink {
 public:
  virtual ~RdbSink() = default;
  // Takes all of the bytes, or returns false: the writer gives up.
  virtual bool Write(std::string_view bytes) = 0;
};

// Keeps everything in a string: DUMP, tests.
class StringSink : public RdbSink {
 public:
  bool Write(std::string_view bytes) override { return text.append(bytes), true; }
  std::string text;
};

class RdbWriter {
 public:
  struct Options {
    bool compress = true;  // LZF for long strings
    bool checksum = true;  // 0 is written instead where not
  };
  RdbWriter(RdbSink& sink, const Options& options) : sink_(sink), options_(options) {}
  RdbWriter(const RdbWriter&) = delete;
  RdbWriter& operator=(const RdbWriter&) = delete;

  bool ok() const { return ok_; }
  uint64_t position() const { return flushed_ + buffer_.size(); }

  void Byte(uint8_t byte) { buffer_.push_back(static_cast<char>(byte)); }
  void Bytes(std::string_view bytes);  // as they are
  void Length(uint64_t length);
  // A string in its shortest form: as a number, compressed, or as it is.
  void String(std::string_view text);
  void Little(uint64_t value, int bytes);
  void Double(double value);

  // The checksum of everything so far, in 8 bytes.
  void Checksum();
  // Hands what is buffered to the sink; ok() tells.
  bool Flush();

 private:
  static constexpr size_t kBufferBytes = 64 * 1024;  // a system call for that many

  bool ShortNumber(std::string_view text);
  void FlushIfLarge() {
    if (buffer_.size() >= kBufferBytes) Flush();
  }

  RdbSink& sink_;
  const Options options_;
  std::string buffer_;
  std::string packed_;
  uint64_t flushed_ = 0;
  uint64_t crc_ = 0;
  bool ok_ = true;
};

}  // namespace larder
