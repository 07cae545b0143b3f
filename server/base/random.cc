#include "server/base/random.h"

#include <sys/random.h>

#include <bit>

#include "server/base/check.h"
#include "server/base/hex.h"

namespace larder {
namespace {

void FillFromKernel(void* bytes, size_t size) {
  char* next = static_cast<char*>(bytes);
  while (size > 0) {
    ssize_t got = getrandom(next, size, 0);
    if (got < 0) continue;  // EINTR: the only error that a valid buffer can meet
    next += got;
    size -= static_cast<size_t>(got);
  }
}

}  // namespace

void Random::Seed(uint64_t seed) {
  // splitmix64 spreads a poor seed (0, 1, a counter) over the whole state.
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    uint64_t mixed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    word = mixed ^ (mixed >> 31);
  }
}

uint64_t Random::Next() {
  uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
  uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Random::Below(uint64_t limit) {
  CHECK(limit > 0);
  // The high half of a product: no division, and a bias below limit / 2^64.
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>((static_cast<Wide>(Next()) * limit) >> 64);
}

double Random::Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

Random& ThreadRandom() {
  thread_local Random random(RandomSeed());
  return random;
}

uint64_t RandomSeed() {
  uint64_t seed = 0;
  FillFromKernel(&seed, sizeof(seed));
  return seed;
}

std::string RandomHex(size_t digits) {
  std::string text(digits, '\0');
  FillFromKernel(text.data(), text.size());
  for (char& c : text) c = HexDigit(c & 15);
  return text;
}

}  // namespace larder
