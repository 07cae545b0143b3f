// ByteReader: takes numbers and byte strings from the front of bytes that nobody vouches for. Each
// call says false, and takes nothing, where less is left than it needs. Views point into the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace larder {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  size_t left() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  std::string_view rest() const { return bytes_; }

  bool Bytes(uint64_t count, std::string_view* bytes) {
    if (count > bytes_.size()) return false;
    *bytes = bytes_.substr(0, static_cast<size_t>(count));
    bytes_.remove_prefix(static_cast<size_t>(count));
    return true;
  }

  // An integer of `size` bytes (at most the type's), sign-extended where the type is signed.
  template <typename Integer>
  bool Little(Integer* value, size_t size = sizeof(Integer)) {
    std::string_view bytes;
    if (!Bytes(size, &bytes)) return false;
    uint64_t number = 0;
    for (size_t i = size; i > 0; --i) number = number << 8 | static_cast<uint8_t>(bytes[i - 1]);
    if constexpr (std::is_signed_v<Integer>) {
      const size_t unused_bits = 64 - size * 8;
      *value = static_cast<Integer>(static_cast<int64_t>(number << unused_bits) >> unused_bits);
    } else {
      *value = static_cast<Integer>(number);
    }
    return true;
  }
  template <typename Integer>
  bool Big(Integer* value) {
    std::string_view bytes;
    if (!Bytes(sizeof(Integer), &bytes)) return false;
    uint64_t number = 0;
    for (char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
    *value = static_cast<Integer>(number);
    return true;
  }

 private:
  std::string_view bytes_;
};

}  // namespace larder
