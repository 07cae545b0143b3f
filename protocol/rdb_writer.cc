#include "protocol/rdb_writer.h"

#include <charconv>
#include <cstring>

#include "protocol/crc64.h"
#include "protocol/lzf.h"
#include "protocol/rdb_format.h"

namespace larder {
namespace {

constexpr size_t kLeastToCompress = 21;  // and what it must save; as Redis
constexpr size_t kLeastSaved = 4;
constexpr size_t kMostNumberBytes = 11;  // of "-2147483648"

}  // namespace

void RdbWriter::Bytes(std::string_view bytes) {
  if (bytes.size() < kBufferBytes) {
    buffer_ += bytes;
    return FlushIfLarge();
  }
  // Large ones go straight through.
  if (!Flush()) return;
  if (options_.checksum) crc_ = Crc64(crc_, bytes);
  flushed_ += bytes.size();
  ok_ = sink_.Write(bytes);
}

void RdbWriter::Length(uint64_t length) {
  if (length < 64) {
    Byte(static_cast<uint8_t>(rdb::kLength6 | length));
  } else if (length < 16384) {
    Byte(static_cast<uint8_t>(rdb::kLength14 | length >> 8));
    Byte(static_cast<uint8_t>(length));
  } else {
    const bool fits_32 = length <= UINT32_MAX;
    Byte(fits_32 ? rdb::kLength32 : rdb::kLength64);
    for (int shift = fits_32 ? 24 : 56; shift >= 0; shift -= 8) {
      Byte(static_cast<uint8_t>(length >> shift));
    }
  }
}

bool RdbWriter::ShortNumber(std::string_view text) {
  if (text.empty() || text.size() > kMostNumberBytes) return false;
  int32_t number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  char digits[kMostNumberBytes + 1];
  const char* last = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  if (text != std::string_view(digits, static_cast<size_t>(last - digits))) return false;
  const int bytes = number >= INT8_MIN && number <= INT8_MAX     ? 1
                    : number >= INT16_MIN && number <= INT16_MAX ? 2
                                                                 : 4;
  Byte(rdb::kEncoded | (bytes == 1 ? rdb::kInt8 : bytes == 2 ? rdb::kInt16 : rdb::kInt32));
  Little(static_cast<uint32_t>(number), bytes);
  return true;
}

void RdbWriter::String(std::string_view text) {
  if (ShortNumber(text)) return;
  if (options_.compress && text.size() >= kLeastToCompress &&
      CompressLzf(text, kLeastSaved, &packed_)) {
    Byte(rdb::kEncoded | rdb::kLzf);
    Length(packed_.size());
    Length(text.size());
    return Bytes(packed_);
  }
  Length(text.size());
  Bytes(text);
}

void RdbWriter::Little(uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) Byte(static_cast<uint8_t>(value >> (8 * i)));
}

void RdbWriter::Double(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  Little(bits, 8);
}

void RdbWriter::Checksum() {
  Flush();
  Little(options_.checksum ? crc_ : 0, 8);
}

bool RdbWriter::Flush() {
  if (buffer_.empty()) return ok_;
  if (options_.checksum) crc_ = Crc64(crc_, buffer_);
  flushed_ += buffer_.size();
  if (ok_) ok_ = sink_.Write(buffer_);
  buffer_.clear();
  return ok_;
}

}  // namespace larder
