#include "server/store/bitmap.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace larder {
namespace {

// The first byte as the highest, as bits are numbered.
uint64_t LoadWord(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return __builtin_bswap64(word);
}

// Ones of whole words, a byte of the sum for each byte of the word: without the processor's own
// instruction, which not every processor has, this is several times faster than counting by table.
uint64_t CountWords(const char* bytes, size_t words) {
  constexpr uint64_t kTwos = 0x5555555555555555, kFours = 0x3333333333333333;
  constexpr uint64_t kBytes = 0x0f0f0f0f0f0f0f0f;
  constexpr uint64_t kEven = 0x00ff00ff00ff00ff, kSumOfFour = 0x0001000100010001;
  constexpr size_t kMostInAByte = 31;  // of at most eight ones each
  uint64_t count = 0;
  while (words > 0) {
    uint64_t sums = 0;
    const size_t batch = std::min(words, kMostInAByte);
    for (size_t i = 0; i < batch; ++i, bytes += sizeof(uint64_t)) {
      uint64_t word;
      std::memcpy(&word, bytes, sizeof(word));
      word -= (word >> 1) & kTwos;
      word = (word & kFours) + ((word >> 2) & kFours);
      sums += (word + (word >> 4)) & kBytes;
    }
    count += (((sums & kEven) + ((sums >> 8) & kEven)) * kSumOfFour) >> 48;
    words -= batch;
  }
  return count;
}

uint64_t CountBytes(std::string_view bytes) {
  const size_t words = bytes.size() / sizeof(uint64_t);
  uint64_t count = CountWords(bytes.data(), words);
  for (const char byte : bytes.substr(words * sizeof(uint64_t))) {
    count += static_cast<uint64_t>(std::popcount(static_cast<uint8_t>(byte)));
  }
  return count;
}

// The first bit with the value in some bytes.
std::optional<uint64_t> FindInBytes(std::string_view bytes, bool value) {
  const uint64_t flip = value ? 0 : ~uint64_t{0};
  size_t i = 0;
  for (; i + sizeof(uint64_t) <= bytes.size(); i += sizeof(uint64_t)) {
    const uint64_t word = LoadWord(bytes.data() + i) ^ flip;
    if (word != 0) return 8 * i + static_cast<uint64_t>(std::countl_zero(word));
  }
  for (; i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(static_cast<uint8_t>(bytes[i]) ^ flip);
    if (byte != 0) return 8 * i + static_cast<uint64_t>(std::countl_zero(byte));
  }
  return std::nullopt;
}

// The bits of the byte from `first` on, and up to `last`.
constexpr uint8_t MaskFrom(uint64_t first) { return static_cast<uint8_t>(0xff >> (first % 8)); }
constexpr uint8_t MaskUpTo(uint64_t last) { return static_cast<uint8_t>(0xff << (7 - last % 8)); }

// Calls combine(out, in) for the words of both, then for the bytes that are left.
template <typename Combine>
void CombineBytes(std::string& out, std::string_view in, Combine combine) {
  size_t i = 0;
  for (; i + sizeof(uint64_t) <= in.size(); i += sizeof(uint64_t)) {
    uint64_t a, b;
    std::memcpy(&a, out.data() + i, sizeof(a));
    std::memcpy(&b, in.data() + i, sizeof(b));
    a = combine(a, b);
    std::memcpy(out.data() + i, &a, sizeof(a));
  }
  for (; i < in.size(); ++i) {
    out[i] = static_cast<char>(combine(static_cast<uint8_t>(out[i]), static_cast<uint8_t>(in[i])));
  }
}

// The bytes that a field of up to 64 bits touches, zeros behind the end of the string.
struct Window {
  static constexpr size_t kBytes = 9;
  uint64_t first_byte;
  int shift;  // of the field in the first byte
  std::array<char, kBytes> bytes{};

  Window(const StringBlocks& string, uint64_t offset)
      : first_byte(offset / 8), shift(static_cast<int>(offset % 8)) {
    if (first_byte >= string.size()) return;
    char* at = bytes.data();
    string.ForEachPart(first_byte, std::min<uint64_t>(kBytes, string.size() - first_byte),
                       [&at](const BulkView& part) {
                         std::memcpy(at, part.bytes.data(), part.bytes.size());
                         at += part.bytes.size();
                       });
  }
};

}  // namespace

bool BitAt(const StringBlocks& string, uint64_t bit) {
  return bit / 8 < string.size() && (string.At(bit / 8) >> (7 - bit % 8) & 1) != 0;
}

uint64_t CountBits(const StringBlocks& string, uint64_t first, uint64_t last) {
  const uint64_t first_byte = first / 8, last_byte = last / 8;
  uint64_t count = 0;
  string.ForEachPart(first_byte, last_byte - first_byte + 1,
                     [&count](const BulkView& part) { count += CountBytes(part.bytes); });
  const auto outside_first = static_cast<uint8_t>(string.At(first_byte) & ~MaskFrom(first));
  const auto outside_last = static_cast<uint8_t>(string.At(last_byte) & ~MaskUpTo(last));
  return count - static_cast<uint64_t>(std::popcount(outside_first) + std::popcount(outside_last));
}

std::optional<uint64_t> FindBit(const StringBlocks& string, bool value, uint64_t first,
                                uint64_t last) {
  std::optional<uint64_t> found;
  // Up to the first whole byte, then byte by byte, then whatever lies behind the end is dropped.
  for (; first <= last && first % 8 != 0; ++first) {
    if (BitAt(string, first) == value) return first;
  }
  if (first > last) return std::nullopt;
  uint64_t at = first;
  string.ForEachPart(first / 8, last / 8 - first / 8 + 1, [&](const BulkView& part) {
    if (found) return;
    found = FindInBytes(part.bytes, value);
    if (found) *found += at;
    at += 8 * part.bytes.size();
  });
  return found && *found <= last ? found : std::nullopt;
}

std::string CombineBlock(BitOperation operation, std::span<const StringBlocks> strings, size_t i) {
  size_t size = 0;
  for (const StringBlocks& string : strings) size = std::max(size, string.block(i).bytes.size());
  std::string out(strings[0].block(i).bytes);
  out.resize(size);
  if (operation == BitOperation::kNot) {
    CombineBytes(out, out, [](uint64_t a, uint64_t) { return ~a; });
    return out;
  }
  for (const StringBlocks& string : strings.subspan(1)) {
    const std::string_view in = string.block(i).bytes;
    if (operation == BitOperation::kAnd) {
      CombineBytes(out, in, [](uint64_t a, uint64_t b) { return a & b; });
      std::fill(out.begin() + static_cast<std::ptrdiff_t>(in.size()), out.end(), '\0');
    } else if (operation == BitOperation::kOr) {
      CombineBytes(out, in, [](uint64_t a, uint64_t b) { return a | b; });
    } else {
      CombineBytes(out, in, [](uint64_t a, uint64_t b) { return a ^ b; });
    }
  }
  return out;
}

uint64_t ReadBits(const StringBlocks& string, uint64_t offset, int width) {
  const Window window(string, offset);
  uint64_t bits = LoadWord(window.bytes.data()) << window.shift;
  bits |= static_cast<uint8_t>(window.bytes[8]) >> (8 - window.shift);
  return bits >> (64 - width);
}

void WriteBits(Entry& entry, uint64_t offset, int width, uint64_t value) {
  Window window(entry.string(), offset);
  const uint64_t mask = ~uint64_t{0} << (64 - width);
  value <<= 64 - width;
  uint64_t high = LoadWord(window.bytes.data());
  high = (high & ~(mask >> window.shift)) | value >> window.shift;
  high = __builtin_bswap64(high);
  std::memcpy(window.bytes.data(), &high, sizeof(high));
  const int left = 8 - window.shift;  // bits of the ninth byte that a window of 64 bits leaves
  const auto low_mask = static_cast<uint8_t>(window.shift == 0 ? 0 : mask << left);
  const auto low = static_cast<uint8_t>(window.shift == 0 ? 0 : value << left);
  window.bytes[8] = static_cast<char>((static_cast<uint8_t>(window.bytes[8]) & ~low_mask) | low);
  const uint64_t touched = (offset % 8 + static_cast<uint64_t>(width) + 7) / 8;
  entry.Overwrite(window.first_byte, {window.bytes.data(), touched});
}

}  // namespace larder
