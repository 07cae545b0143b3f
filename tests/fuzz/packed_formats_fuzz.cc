// The formats inside RDB files from any bytes: no crash, no read outside, no memory on the word of
// the input, and what was read and written again reads the same. The first byte chooses the format.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/intset.h"
#include "protocol/listpack.h"
#include "protocol/lzf.h"
#include "protocol/rdb_reader.h"
#include "protocol/rdb_writer.h"
#include "protocol/ziplist.h"
#include "protocol/zipmap.h"
#include "server/base/check.h"

namespace larder {
namespace {

template <typename Reader>
void ReadElements(std::string_view bytes) {
  Reader reader(bytes);
  std::vector<std::string> elements;
  std::string_view element;
  while (reader.Next(&element)) elements.emplace_back(element);
  if (!reader.finished()) return;
  ListpackWriter writer;
  for (const std::string& each : elements) writer.Append(each);
  ListpackReader again(writer.Finish());
  for (const std::string& each : elements) CHECK(again.Next(&element) && element == each);
  CHECK(!again.Next(&element) && again.finished());
}

void ReadZipmap(std::string_view bytes) {
  ZipmapReader reader(bytes);
  std::string_view field, value;
  while (reader.Next(&field, &value)) CHECK(field.size() + value.size() <= bytes.size());
}

void ReadNumbers(std::string_view bytes) {
  std::vector<int64_t> numbers, again;
  if (!ReadIntset(bytes, [&](int64_t number) { numbers.push_back(number); })) return;
  CHECK(ReadIntset(WriteIntset(numbers), [&](int64_t number) { again.push_back(number); }));
  CHECK(numbers == again);
}

void ReadStrings(std::string_view bytes) {
  RdbReader reader(bytes);
  std::string text, back;
  while (reader.String(&text)) {
    StringSink sink;
    RdbWriter writer(sink, {});
    writer.String(text);
    CHECK(writer.Flush());
    RdbReader again{std::string_view(sink.text)};
    CHECK(again.String(&back) && back == text && again.at_end());
  }
  CHECK(!reader.error().empty());
}

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      larder::ReadElements<larder::ListpackReader>(bytes);
      break;
    case 1:
      larder::ReadElements<larder::ZiplistReader>(bytes);
      break;
    case 2:
      larder::ReadZipmap(bytes);
      break;
    case 3:
      larder::ReadNumbers(bytes);
      break;
    default:
      larder::ReadStrings(bytes);
  }
  return 0;
}
