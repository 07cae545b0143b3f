#include "server/store/hyperloglog.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "server/base/check.h"
#include "server/base/strings.h"
#include "server/store/hyperloglog_hash.h"
#include "server/store/hyperloglog_sparse.h"

namespace larder::hyperloglog {
namespace {

constexpr int kRegisterBits = 6;
constexpr uint8_t kMostInRegister = 63;
constexpr size_t kEncodingOffset = 4;
constexpr std::string_view kMagic = "HYLL";

// The registers of a dense one, packed from the lowest bit of the first byte on.
struct DenseRegister {
  char* byte;
  int shift;

  DenseRegister(char* bytes, size_t index)
      : byte(bytes + kHeaderBytes + index * kRegisterBits / 8),
        shift(static_cast<int>(index * kRegisterBits % 8)) {}

  // The last register ends with its byte, so nothing behind the string is touched.
  bool in_two_bytes() const { return shift > 8 - kRegisterBits; }
  uint8_t Get() const {
    unsigned bits = static_cast<uint8_t>(byte[0]) >> shift;
    if (in_two_bytes()) bits |= static_cast<unsigned>(static_cast<uint8_t>(byte[1])) << (8 - shift);
    return bits & kMostInRegister;
  }
  void Set(uint8_t value) {
    const unsigned mask = ~(static_cast<unsigned>(kMostInRegister) << shift);
    const unsigned bits = static_cast<unsigned>(value) << shift;
    byte[0] = static_cast<char>((static_cast<uint8_t>(byte[0]) & mask) | bits);
    if (!in_two_bytes()) return;
    byte[1] = static_cast<char>((static_cast<uint8_t>(byte[1]) & (mask >> 8)) | bits >> 8);
  }
};

Change RaiseDense(char* bytes, size_t index, uint8_t value) {
  DenseRegister at(bytes, index);
  if (at.Get() >= value) return Change::kNone;
  at.Set(value);
  return Change::kRegister;
}

Change RaiseRegister(std::string* bytes, size_t index, uint8_t value, size_t most_sparse_bytes) {
  if (EncodingOf(*bytes) == Encoding::kDense) return RaiseDense(bytes->data(), index, value);
  switch (RaiseSparse(bytes, index, value, most_sparse_bytes)) {
    case SparseChange::kNone:
      return Change::kNone;
    case SparseChange::kDone:
      return Change::kRegister;
    case SparseChange::kDoesNotFit:
      if (MakeDense(bytes)) return RaiseDense(bytes->data(), index, value);
      break;
    case SparseChange::kCorrupt:
      break;
  }
  return Change::kCorrupt;
}

// Registers are looked at by so many at once where most are zero, or the same.
constexpr size_t kWord = sizeof(uint64_t);

uint64_t WordAt(const Registers& registers, size_t index) {
  uint64_t word;
  std::memcpy(&word, registers.data() + index, kWord);
  return word;
}

using Histogram = std::array<int, kMostInRegister + 1>;

Histogram HistogramOf(const Registers& registers) {
  // Several, since one that counts equal values waits for itself.
  constexpr size_t kApart = 4;
  std::array<Histogram, kApart> parts{};
  for (size_t i = 0; i < kRegisters; i += kWord) {
    if (WordAt(registers, i) == 0) {
      parts[0][0] += kWord;
      continue;
    }
    for (size_t j = 0; j < kWord; ++j) ++parts[j % kApart][registers[i + j]];
  }
  Histogram all{};
  for (const Histogram& part : parts) {
    for (size_t value = 0; value < all.size(); ++value) all[value] += part[value];
  }
  return all;
}

// Ertl's sums for the registers that are zero, and for those that are full.
double Sigma(double x) {
  if (x == 1.0) return std::numeric_limits<double>::infinity();
  double y = 1, z = x, before;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (before != z);
  return z;
}

double Tau(double x) {
  if (x == 0.0 || x == 1.0) return 0.0;
  double y = 1, z = 1 - x, before;
  do {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (before != z);
  return z / 3;
}

}  // namespace

std::string New() {
  std::string bytes(kMagic);
  bytes.resize(kHeaderBytes);
  bytes[kEncodingOffset] = static_cast<char>(Encoding::kSparse);
  return bytes + EmptyRuns();
}

bool IsValid(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kMagic)) return false;
  const auto encoding = static_cast<uint8_t>(bytes[kEncodingOffset]);
  if (encoding == static_cast<uint8_t>(Encoding::kDense)) return bytes.size() == kDenseBytes;
  return encoding == static_cast<uint8_t>(Encoding::kSparse);
}

Encoding EncodingOf(std::string_view bytes) {
  return static_cast<Encoding>(bytes[kEncodingOffset]);
}

Change Add(std::string* bytes, std::string_view element, size_t most_sparse_bytes) {
  const Place place = PlaceOf(element);
  return RaiseRegister(bytes, place.index, place.value, most_sparse_bytes);
}

Change AddDense(char* bytes, std::string_view element) {
  const Place place = PlaceOf(element);
  return RaiseDense(bytes, place.index, place.value);
}

void Raise(std::string* bytes, const Registers& registers, size_t most_sparse_bytes) {
  const std::optional<Registers> old = Decode(*bytes);
  CHECK(old.has_value());
  for (size_t word = 0; word < kRegisters; word += kWord) {
    if (WordAt(registers, word) == WordAt(*old, word)) continue;
    for (size_t i = word; i < word + kWord; ++i) {
      if (registers[i] > (*old)[i]) RaiseRegister(bytes, i, registers[i], most_sparse_bytes);
    }
  }
}

bool MakeDense(std::string* bytes) {
  if (EncodingOf(*bytes) == Encoding::kDense) return true;
  const std::optional<Registers> registers = Decode(*bytes);
  if (!registers) return false;
  bytes->resize(kHeaderBytes);
  bytes->resize(kDenseBytes);
  (*bytes)[kEncodingOffset] = static_cast<char>(Encoding::kDense);
  for (size_t i = 0; i < kRegisters; ++i) DenseRegister(bytes->data(), i).Set((*registers)[i]);
  return true;
}

std::optional<Registers> Decode(std::string_view bytes) {
  Registers registers{};
  if (EncodingOf(bytes) == Encoding::kSparse) {
    if (!DecodeRuns(bytes, registers)) return std::nullopt;
  } else {
    char* dense = const_cast<char*>(bytes.data());  // only read
    for (size_t i = 0; i < kRegisters; ++i) registers[i] = DenseRegister(dense, i).Get();
  }
  return registers;
}

void Merge(Registers* registers, const Registers& other) {
  for (size_t word = 0; word < kRegisters; word += kWord) {
    if (WordAt(other, word) == 0) continue;
    for (size_t i = word; i < word + kWord; ++i) {
      (*registers)[i] = std::max((*registers)[i], other[i]);
    }
  }
}

uint64_t Estimate(const Registers& registers) {
  constexpr double kAlpha = 0.721347520444481703680;  // 0.5 / ln(2)
  constexpr double kCount = kRegisters;
  const Histogram histogram = HistogramOf(registers);
  double z = kCount * Tau((kCount - histogram[kHashBits + 1]) / kCount);
  for (size_t value = kHashBits; value >= 1; --value) {
    z += histogram[value];
    z *= 0.5;
  }
  z += kCount * Sigma(histogram[0] / kCount);
  return static_cast<uint64_t>(std::llroundl(kAlpha * kCount * kCount / z));
}

std::optional<uint64_t> CachedEstimate(std::string_view bytes) {
  uint64_t estimate;  // little endian
  std::memcpy(&estimate, bytes.data() + kCacheOffset, sizeof(estimate));
  if (estimate >> 63 != 0) return std::nullopt;
  return estimate;
}

std::array<char, 8> CacheBytes(uint64_t estimate) {
  return std::bit_cast<std::array<char, 8>>(estimate);
}

void InvalidateCache(char* bytes) {
  char& highest = bytes[kCacheOffset + 7];
  highest = static_cast<char>(static_cast<uint8_t>(highest) | 0x80);
}

}  // namespace larder::hyperloglog
