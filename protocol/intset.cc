#include "protocol/intset.h"

#include <limits>

#include "protocol/byte_reader.h"
#include "protocol/little_endian.h"

namespace larder {
namespace {

size_t WidthOf(int64_t number) {
  if (number >= INT16_MIN && number <= INT16_MAX) return 2;
  return number >= INT32_MIN && number <= INT32_MAX ? 4 : 8;
}

}  // namespace

bool ReadIntset(std::string_view intset, absl::FunctionRef<void(int64_t)> visit) {
  ByteReader reader(intset);
  uint32_t width, count;
  if (!reader.Little(&width) || !reader.Little(&count)) return false;
  if (width != 2 && width != 4 && width != 8) return false;
  if (reader.left() != uint64_t{count} * width) return false;
  int64_t last = 0, number;
  for (uint32_t i = 0; i < count; ++i, last = number) {
    if (!reader.Little(&number, width) || (i > 0 && number <= last)) return false;
    visit(number);
  }
  return true;
}

std::string WriteIntset(absl::Span<const int64_t> numbers) {
  size_t width = 2;
  if (!numbers.empty()) width = std::max(WidthOf(numbers.front()), WidthOf(numbers.back()));
  std::string intset;
  intset.reserve(8 + numbers.size() * width);
  AppendLittle(intset, width, 4);
  AppendLittle(intset, numbers.size(), 4);
  for (int64_t number : numbers) AppendLittle(intset, static_cast<uint64_t>(number), width);
  return intset;
}

}  // namespace larder
