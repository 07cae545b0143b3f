#include "protocol/ziplist.h"

namespace larder {
namespace {

constexpr size_t kHeaderBytes = 10;
constexpr uint16_t kCountUnknown = 65535;
constexpr char kEnd = '\xff';
constexpr uint8_t kLongPrevious = 0xfe;  // 32 bits follow

}  // namespace

ZiplistReader::ZiplistReader(std::string_view ziplist)
    : reader_(ziplist), total_bytes_(ziplist.size()) {
  uint32_t bytes;
  const bool sound = ziplist.size() > kHeaderBytes && reader_.Little(&bytes) &&
                     reader_.Little(&last_offset_) && reader_.Little(&header_count_) &&
                     bytes == ziplist.size() && ziplist.back() == kEnd;
  if (!sound) reader_ = ByteReader({});
}

bool ZiplistReader::Next(PackedElement* element) {
  if (reader_.left() == 1) {  // the end mark
    const size_t last = total_bytes_ - 1 - previous_bytes_;
    finished_ = (header_count_ == kCountUnknown || header_count_ == count_) && last_offset_ == last;
    reader_ = ByteReader({});
  }
  if (reader_.empty()) return false;
  const size_t before = reader_.left();
  if (!ReadElement(element) || reader_.empty()) {
    reader_ = ByteReader({});
    return false;
  }
  previous_bytes_ = before - reader_.left();
  ++count_;
  return true;
}

bool ZiplistReader::ReadElement(PackedElement* element) {
  uint8_t short_previous, encoding;
  uint32_t previous;
  if (!reader_.Little(&short_previous)) return false;
  previous = short_previous;
  if (short_previous == kLongPrevious && !reader_.Little(&previous)) return false;
  if (previous != previous_bytes_ || !reader_.Little(&encoding)) return false;
  switch (encoding >> 6) {
    case 0:
      return ReadText(encoding & 0x3f, element);
    case 1: {
      uint8_t low;
      return reader_.Little(&low) && ReadText((encoding & 0x3fu) << 8 | low, element);
    }
    case 2: {
      uint32_t size;
      return encoding == 0x80 && reader_.Big(&size) && ReadText(size, element);
    }
    default:
      return ReadNumber(encoding, element);
  }
}

bool ZiplistReader::ReadText(uint64_t size, PackedElement* element) {
  std::string_view text;
  return reader_.Bytes(size, &text) && (element->Set(text), true);
}

bool ZiplistReader::ReadNumber(uint8_t encoding, PackedElement* element) {
  if (encoding > 0xf0 && encoding < 0xfe) {  // the number is in the encoding
    element->Set(int64_t{(encoding & 0x0f) - 1});
    return true;
  }
  size_t size;
  switch (encoding) {
    case 0xc0:
      size = 2;
      break;
    case 0xd0:
      size = 4;
      break;
    case 0xe0:
      size = 8;
      break;
    case 0xf0:
      size = 3;
      break;
    case 0xfe:
      size = 1;
      break;
    default:
      return false;
  }
  int64_t number;
  return reader_.Little(&number, size) && (element->Set(number), true);
}

}  // namespace larder
