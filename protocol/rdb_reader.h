// RdbReader: reads the lengths, strings and numbers of the RDB format (rdb_format.h) from bytes
// that nobody vouches for, and keeps the checksum of what was read. One thread.
//
// Nothing is allocated on the word of the input: a string grows with the bytes that are there, and
// an LZF string by what its packed bytes can stand for. Each call returns false at the end of the
// input or at damage; the first reason stays in error(), and everything fails from then on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace larder {

class RdbSource {
 public:
  virtual ~RdbSource() = default;
  // Fills in up to `most` bytes and returns how many; 0: the input has ended.
  virtual size_t Read(char* to, size_t most) = 0;
};

class RdbReader {
 public:
  explicit RdbReader(RdbSource& source) : source_(&source), buffer_(kBufferBytes, '\0') {}
  // Reads from memory, which must outlive the reader.
  explicit RdbReader(std::string_view bytes) : chunk_(bytes), available_(bytes) {}
  RdbReader(const RdbReader&) = delete;
  RdbReader& operator=(const RdbReader&) = delete;

  bool Byte(uint8_t* byte) { return Raw(reinterpret_cast<char*>(byte), 1); }
  bool Length(uint64_t* length);
  // A string in any of its forms.
  bool String(std::string* text);
  // `size` bytes as they are.
  bool Bytes(uint64_t size, std::string* bytes);
  template <typename Integer>
  bool Little(Integer* value);
  bool Double(double* value);
  // Reads over `size` bytes, or a string in any of its forms; how long that is, the input says.
  bool Skip(uint64_t size);
  bool SkipString();
  bool SkipString(uint64_t* size);
  // What is read from now until the next call is added to `copy` by then; null: nothing is.
  void CopyTo(std::string* copy);

  // Notes why the input is refused; the first reason counts. Returns false.
  bool Fail(std::string_view reason);
  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  // Bytes read so far.
  uint64_t position() const { return before_ + taken(); }
  // Of all bytes read so far. REQUIRES: EnableChecksum() was called before the first byte.
  void EnableChecksum() { checksum_ = true; }
  uint64_t checksum();
  // What is still to be read. REQUIRES: it reads from memory.
  std::string_view rest() const { return available_; }
  // Everything from memory was read.
  bool at_end() const { return source_ == nullptr && available_.empty(); }

 private:
  static constexpr size_t kBufferBytes = 64 * 1024;
  static constexpr size_t kStepBytes = 1024 * 1024;  // how far a string grows ahead of its bytes

  bool LengthOrEncoding(uint64_t* length, bool* encoded);
  bool EncodedString(uint64_t encoding, std::string* text);
  size_t taken() const { return chunk_.size() - available_.size(); }  // of the chunk
  bool Fill();
  void AddToCopy();
  bool Raw(char* to, size_t size) {
    if (!ok() || size > available_.size()) return RawInPieces(to, size);
    std::memcpy(to, available_.data(), size);
    available_.remove_prefix(size);
    return true;
  }
  bool RawInPieces(char* to, uint64_t size);  // `to` null: the bytes are not wanted

  RdbSource* source_ = nullptr;
  std::string buffer_;
  std::string_view chunk_;      // what the source gave last
  std::string_view available_;  // the rest of it
  uint64_t before_ = 0;         // bytes of earlier chunks
  std::string packed_;
  std::string* copy_ = nullptr;
  size_t copied_ = 0;  // of the chunk: what comes after it is still to be copied
  std::string error_;
  uint64_t crc_ = 0;       // of the earlier chunks and of
  size_t crc_covers_ = 0;  // this much of the chunk
  bool checksum_ = false;
};

template <typename Integer>
bool RdbReader::Little(Integer* value) {
  unsigned char bytes[sizeof(Integer)];
  if (!Raw(reinterpret_cast<char*>(bytes), sizeof(bytes))) return false;
  uint64_t number = 0;
  for (size_t i = sizeof(bytes); i > 0; --i) number = number << 8 | bytes[i - 1];
  *value = static_cast<Integer>(number);
  return true;
}

}  // namespace larder
