#include "server/store/hyperloglog_sparse.h"

#include <algorithm>
#include <optional>

#include "server/base/strings.h"

namespace larder::hyperloglog {
namespace {

constexpr uint8_t kMostSparseValue = 32;
constexpr size_t kMostShortZeros = 64;
constexpr size_t kMostEqualValues = 4;

struct Run {
  size_t length;  // registers
  uint8_t value;  // 0: zeros
  size_t bytes;   // 1 or 2
};

// Nothing where the string ends before the run does.
std::optional<Run> ReadRun(std::string_view bytes, size_t at) {
  if (at >= bytes.size()) return std::nullopt;
  const auto first = static_cast<uint8_t>(bytes[at]);
  if (first & 0x80) return Run{(first & 3u) + 1, static_cast<uint8_t>((first >> 2 & 0x1f) + 1), 1};
  if ((first & 0x40) == 0) return Run{(first & 0x3fu) + 1, 0, 1};
  if (at + 1 >= bytes.size()) return std::nullopt;
  const auto second = static_cast<uint8_t>(bytes[at + 1]);
  return Run{((first & 0x3fu) << 8 | second) + 1, 0, 2};
}

char ValueRun(uint8_t value, size_t length) {
  return static_cast<char>(0x80u | (value - 1u) << 2 | (length - 1));
}

void AppendRun(std::string& out, uint8_t value, size_t length) {
  if (length == 0) return;
  if (value != 0) {
    out.push_back(ValueRun(value, length));
  } else if (length <= kMostShortZeros) {
    out.push_back(static_cast<char>(length - 1));
  } else {
    out.push_back(static_cast<char>(0x40 | (length - 1) >> 8));
    out.push_back(static_cast<char>((length - 1) & 0xff));
  }
}

// Joins neighbouring runs of the same value among the five from `at` on.
void JoinRuns(std::string* bytes, size_t at) {
  for (int left = 5; left > 0; --left) {
    const std::optional<Run> run = ReadRun(*bytes, at);
    if (!run) return;
    const std::optional<Run> next = ReadRun(*bytes, at + run->bytes);
    const bool joins = run->value != 0 && next && next->value == run->value &&
                       run->length + next->length <= kMostEqualValues;
    if (joins) {
      bytes->erase(at, 1);
      (*bytes)[at] = ValueRun(run->value, run->length + next->length);
    } else {
      at += run->bytes;
    }
  }
}

}  // namespace

std::string EmptyRuns() {
  std::string runs;
  AppendRun(runs, 0, kRegisters);
  return runs;
}

bool DecodeRuns(std::string_view bytes, Registers& registers) {
  size_t index = 0;
  for (size_t at = kHeaderBytes; at < bytes.size();) {
    const std::optional<Run> run = ReadRun(bytes, at);
    if (!run || index + run->length > kRegisters) return false;
    if (run->value != 0) std::fill_n(registers.data() + index, run->length, run->value);
    index += run->length;
    at += run->bytes;
  }
  return index == kRegisters;
}

SparseChange RaiseSparse(std::string* bytes, size_t index, uint8_t value, size_t most_bytes) {
  if (value > kMostSparseValue) return SparseChange::kDoesNotFit;
  // The run that holds the register, and where the one before it lies.
  size_t at = kHeaderBytes, before = kHeaderBytes, first = 0;
  std::optional<Run> run = ReadRun(*bytes, at);
  while (run && first + run->length <= index) {
    before = at;
    first += run->length;
    at += run->bytes;
    run = ReadRun(*bytes, at);
  }
  if (!run) return SparseChange::kCorrupt;
  if (run->value >= value) return SparseChange::kNone;

  std::string parts;
  AppendRun(parts, run->value, index - first);
  AppendRun(parts, value, 1);
  AppendRun(parts, run->value, first + run->length - 1 - index);
  const bool longer = parts.size() > run->bytes;
  if (longer && bytes->size() + parts.size() - run->bytes > most_bytes) {
    return SparseChange::kDoesNotFit;
  }
  bytes->replace(at, run->bytes, parts);
  JoinRuns(bytes, before);
  return SparseChange::kDone;
}

std::string DescribeRuns(std::string_view bytes) {
  std::string text;
  size_t at = kHeaderBytes;
  while (const std::optional<Run> run = ReadRun(bytes, at)) {
    if (!text.empty()) text.push_back(' ');
    if (run->value != 0) {
      StrAppend(text, "v:", int{run->value}, ",", run->length);
    } else {
      StrAppend(text, run->bytes == 1 ? "z:" : "Z:", run->length);
    }
    at += run->bytes;
  }
  return text;
}

}  // namespace larder::hyperloglog
