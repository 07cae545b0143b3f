#include "protocol/crc64.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <array>
#include <cstddef>
#include <cstring>

namespace larder {
namespace {

constexpr uint64_t kReflectedPolynomial = 0x95ac9329ac4bc9b5;

// tables[k][b]: what byte b contributes with k zero bytes behind it.
using Tables = std::array<std::array<uint64_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables = {};
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) ? kReflectedPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint64_t crc = tables[k - 1][byte];
      tables[k][byte] = tables[0][crc & 0xff] ^ crc >> 8;
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

uint64_t ByTables(uint64_t crc, std::string_view bytes) {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  for (; end - at >= 8; at += 8) {
    uint64_t word;  // little endian, as everything that runs larder is
    std::memcpy(&word, at, sizeof(word));
    word ^= crc;
    crc = 0;
    for (size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][word >> (8 * k) & 0xff];
  }
  for (; at != end; ++at) crc = kTables[0][(crc ^ static_cast<uint8_t>(*at)) & 0xff] ^ crc >> 8;
  return crc;
}

#ifdef __x86_64__

// The polynomial x^n modulo ours; bit 63 is that of x^0, as everywhere here.
constexpr uint64_t PowerOfX(int n) {
  uint64_t power = uint64_t{1} << 63;
  for (int i = 0; i < n; ++i) power = power >> 1 ^ ((power & 1) ? kReflectedPolynomial : 0);
  return power;
}

// Folding (https://www.intel.com/content/dam/www/public/us/en/documents/white-papers/
// fast-crc-computation-generic-polynomials-pclmulqdq-paper.pdf): 16 bytes are a polynomial whose
// remainder does not change when it is moved over the next 16 by multiplying its halves with powers
// of x modulo ours. Products of reflected numbers come out moved by one, hence the -1.
constexpr int kStepBits = 128;
constexpr size_t kStepBytes = kStepBits / 8;
constexpr uint64_t kMoveLow = PowerOfX(kStepBits + 64 - 1), kMoveHigh = PowerOfX(kStepBits - 1);

// REQUIRES: at least one step of bytes.
__attribute__((target("pclmul,sse4.1"))) uint64_t ByFolding(uint64_t crc, std::string_view bytes) {
  const auto load = [](const char* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  const __m128i powers =
      _mm_set_epi64x(static_cast<int64_t>(kMoveHigh), static_cast<int64_t>(kMoveLow));
  const char* at = bytes.data();
  __m128i folded = _mm_xor_si128(load(at), _mm_cvtsi64_si128(static_cast<int64_t>(crc)));
  size_t left = bytes.size() - kStepBytes;
  for (at += kStepBytes; left >= kStepBytes; at += kStepBytes, left -= kStepBytes) {
    const __m128i low = _mm_clmulepi64_si128(folded, powers, 0x00);
    const __m128i high = _mm_clmulepi64_si128(folded, powers, 0x11);
    folded = _mm_xor_si128(_mm_xor_si128(low, high), load(at));
  }
  char last[kStepBytes];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(last), folded);
  return ByTables(ByTables(0, {last, kStepBytes}), {at, left});
}

#endif

}  // namespace

uint64_t Crc64(uint64_t crc, std::string_view bytes) {
#ifdef __x86_64__
  constexpr size_t kWorthIt = 4 * kStepBytes;
  static const bool can_fold = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  if (bytes.size() >= kWorthIt && can_fold) return ByFolding(crc, bytes);
#endif
  return ByTables(crc, bytes);
}

}  // namespace larder
