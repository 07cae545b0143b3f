#include <cmath>
#include <cstring>

#include "server/base/random.h"
#include "server/base/strings.h"
#include "server/store/hyperloglog.h"

namespace larder::hyperloglog {
namespace {

constexpr int kRounds = 100;
constexpr uint64_t kMostElements = 1'000'000;

// All registers with random values, which must come back from both encodings.
std::string TestRegisters(size_t most_sparse_bytes) {
  Random& random = ThreadRandom();
  for (int round = 0; round < kRounds; ++round) {
    Registers registers;
    for (uint8_t& value : registers) value = static_cast<uint8_t>(random() & 63);
    std::string bytes = New();
    Raise(&bytes, registers, most_sparse_bytes);
    if (Decode(bytes) != registers) return "TESTFAILED Registers differ from what was set";
  }
  return "";
}

// The estimate of so many elements is within six standard errors.
bool IsCloseEnough(uint64_t estimate, uint64_t elements) {
  const double standard_error = 1.04 / std::sqrt(static_cast<double>(kRegisters));
  double most = std::ceil(standard_error * 6 * static_cast<double>(elements));
  if (elements == 10) most = 1;  // two that share a register are likely enough
  return std::abs(static_cast<double>(estimate) - static_cast<double>(elements)) <= most;
}

std::string TestEstimates(size_t most_sparse_bytes) {
  std::string dense = New(), sparse = New();
  MakeDense(&dense);
  const uint64_t seed = ThreadRandom()();
  uint64_t checkpoint = 1;
  for (uint64_t i = 1; i <= kMostElements; ++i) {
    const uint64_t number = i ^ seed;
    char element[sizeof(number)];
    std::memcpy(element, &number, sizeof(number));
    AddDense(dense.data(), {element, sizeof(element)});
    Add(&sparse, {element, sizeof(element)}, most_sparse_bytes);
    if (i != checkpoint) continue;
    if (i < most_sparse_bytes / 2 && EncodingOf(sparse) != Encoding::kSparse) {
      return "TESTFAILED sparse encoding not used";
    }
    if (Decode(dense) != Decode(sparse)) return "TESTFAILED dense/sparse disagree";
    const uint64_t estimate = Estimate(*Decode(dense));
    if (!IsCloseEnough(estimate, i)) {
      return StrCat("TESTFAILED Too big error. card:", i, " estimate:", estimate);
    }
    checkpoint *= 10;
  }
  return "";
}

}  // namespace

std::string SelfTest(size_t most_sparse_bytes) {
  std::string failure = TestRegisters(most_sparse_bytes);
  return failure.empty() ? TestEstimates(most_sparse_bytes) : failure;
}

}  // namespace larder::hyperloglog
