#include "protocol/listpack.h"

#include <charconv>
#include <limits>

#include "protocol/little_endian.h"

namespace larder {
namespace {

constexpr size_t kHeaderBytes = 6;
constexpr uint16_t kCountUnknown = 65535;
constexpr char kEnd = '\xff';
static_assert(kEmptyListpackBytes == kHeaderBytes + sizeof(kEnd));

size_t BacklenBytes(uint64_t size) {
  return size <= 127 ? 1 : size < 16383 ? 2 : size < 2097151 ? 3 : size < 268435455 ? 4 : 5;
}

// The i-th of these bytes: the size of an element, so that it can be found from behind.
char BacklenByte(uint64_t size, size_t bytes, size_t i) {
  const uint64_t group = size >> (7 * (bytes - 1 - i)) & 127;
  return static_cast<char>(group | (i == 0 ? 0 : 128));
}

bool IsBacklen(uint64_t size, std::string_view found) {
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i] != BacklenByte(size, found.size(), i)) return false;
  }
  return true;
}

// Bytes of an integer with its encoding, which is told apart by them.
size_t NumberBytes(int64_t number) {
  if (number >= 0 && number < 128) return 1;
  if (number >= -4096 && number < 4096) return 2;
  if (number >= INT16_MIN && number <= INT16_MAX) return 3;
  if (number >= -(1 << 23) && number < 1 << 23) return 4;
  return number >= INT32_MIN && number <= INT32_MAX ? 5 : 9;
}

// Bytes of a string's encoding and size, before it.
size_t PrefixBytes(size_t size) { return size < 64 ? 1 : size < 4096 ? 2 : 5; }

// True for the digits that print back as they are.
bool ParseInteger(std::string_view text, int64_t* number) {
  constexpr size_t kMostDigits = 20;
  if (text.empty() || text.size() > kMostDigits) return false;
  const bool negative = text[0] == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return false;
  if (digits[0] == '0' && (digits.size() > 1 || negative)) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

size_t ListpackElementBytes(int64_t number) {
  const size_t bytes = NumberBytes(number);
  return bytes + BacklenBytes(bytes);
}

size_t ListpackElementBytes(std::string_view element) {
  int64_t number;
  if (ParseInteger(element, &number)) return ListpackElementBytes(number);
  const size_t bytes = PrefixBytes(element.size()) + element.size();
  return bytes + BacklenBytes(bytes);
}

ListpackReader::ListpackReader(std::string_view listpack) : reader_(listpack) {
  uint32_t bytes;
  const bool sound = listpack.size() > kHeaderBytes && reader_.Little(&bytes) &&
                     reader_.Little(&header_count_) && bytes == listpack.size() &&
                     listpack.back() == kEnd;
  if (!sound) reader_ = ByteReader({});
}

bool ListpackReader::Next(PackedElement* element) {
  if (reader_.left() == 1) {  // the end mark
    finished_ = header_count_ == kCountUnknown || header_count_ == count_;
    reader_ = ByteReader({});
  }
  if (reader_.empty()) return false;
  const size_t before = reader_.left();
  std::string_view backlen;
  if (ReadElement(element)) {
    const size_t size = before - reader_.left(), bytes = BacklenBytes(size);
    // The end mark must be left behind it.
    if (reader_.left() > bytes && reader_.Bytes(bytes, &backlen) && IsBacklen(size, backlen)) {
      ++count_;
      return true;
    }
  }
  reader_ = ByteReader({});
  return false;
}

bool ListpackReader::Number(size_t size, PackedElement* element) {
  int64_t number;
  return reader_.Little(&number, size) && (element->Set(number), true);
}

bool ListpackReader::Text(uint64_t size, PackedElement* element) {
  std::string_view text;
  return reader_.Bytes(size, &text) && (element->Set(text), true);
}

bool ListpackReader::ReadElement(PackedElement* element) {
  uint8_t first, low;
  if (!reader_.Little(&first)) return false;
  if (first < 0x80) {
    element->Set(int64_t{first});
    return true;
  }
  if (first < 0xc0) return Text(first & 0x3f, element);
  if (first < 0xe0) {  // 13 bits, the highest is the sign
    if (!reader_.Little(&low)) return false;
    const int number = (first & 0x1f) << 8 | low;
    element->Set(int64_t{number < 4096 ? number : number - 8192});
    return true;
  }
  if (first < 0xf0) return reader_.Little(&low) && Text((first & 0x0fu) << 8 | low, element);
  switch (first) {
    case 0xf0: {
      uint32_t size;
      return reader_.Little(&size) && Text(size, element);
    }
    case 0xf1:
      return Number(2, element);
    case 0xf2:
      return Number(3, element);
    case 0xf3:
      return Number(4, element);
    case 0xf4:
      return Number(8, element);
    default:
      return false;
  }
}

void ListpackWriter::Clear() {
  bytes_.assign(kHeaderBytes, '\0');
  count_ = 0;
}

void ListpackWriter::Append(std::string_view element) {
  int64_t number;
  if (ParseInteger(element, &number)) return Append(number);
  const size_t start = bytes_.size();
  AppendPrefix(element.size());
  bytes_ += element;
  EndElement(start);
}

void ListpackWriter::Append(int64_t number) {
  const size_t start = bytes_.size();
  AppendNumber(number);
  EndElement(start);
}

void ListpackWriter::EndElement(size_t start) {
  const size_t size = bytes_.size() - start, backlen = BacklenBytes(size);
  for (size_t i = 0; i < backlen; ++i) bytes_.push_back(BacklenByte(size, backlen, i));
  ++count_;
}

void ListpackWriter::AppendPrefix(size_t size) {
  const size_t bytes = PrefixBytes(size);
  if (bytes == 1) {
    bytes_.push_back(static_cast<char>(0x80 | size));
  } else if (bytes == 2) {
    bytes_.push_back(static_cast<char>(0xe0 | size >> 8));
    bytes_.push_back(static_cast<char>(size));
  } else {
    bytes_.push_back('\xf0');
    AppendLittle(bytes_, size, 4);
  }
}

void ListpackWriter::AppendNumber(int64_t number) {
  const auto bits = static_cast<uint64_t>(number);
  const size_t bytes = NumberBytes(number);
  if (bytes == 1) {
    bytes_.push_back(static_cast<char>(number));
  } else if (bytes == 2) {
    bytes_.push_back(static_cast<char>(0xc0 | (bits >> 8 & 0x1f)));
    bytes_.push_back(static_cast<char>(bits));
  } else {
    bytes_.push_back(bytes == 9 ? '\xf4' : static_cast<char>(0xf1 + (bytes - 3)));
    AppendLittle(bytes_, bits, bytes - 1);
  }
}

std::string_view ListpackWriter::Finish() {
  bytes_.push_back(kEnd);
  std::string header;
  AppendLittle(header, bytes_.size(), 4);
  AppendLittle(header, count_ < kCountUnknown ? count_ : kCountUnknown, 2);
  bytes_.replace(0, kHeaderBytes, header);
  return bytes_;
}

}  // namespace larder
