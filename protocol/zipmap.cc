#include "protocol/zipmap.h"

namespace larder {
namespace {

constexpr uint8_t kCountUnknown = 254;
constexpr uint8_t kLongSize = 254;  // 32 bits follow
constexpr char kEnd = '\xff';

}  // namespace

ZipmapReader::ZipmapReader(std::string_view zipmap) : reader_(zipmap) {
  if (zipmap.size() < 2 || zipmap.back() != kEnd || !reader_.Little(&header_count_)) {
    reader_ = ByteReader({});
  }
}

bool ZipmapReader::Next(std::string_view* field, std::string_view* value) {
  if (reader_.left() == 1) {  // the end mark
    finished_ = header_count_ >= kCountUnknown || header_count_ == count_;
    reader_ = ByteReader({});
  }
  if (reader_.empty()) return false;
  if (!ReadPair(field, value) || reader_.empty()) {
    reader_ = ByteReader({});
    return false;
  }
  ++count_;
  return true;
}

bool ZipmapReader::ReadSize(uint32_t* size) {
  uint8_t byte;
  if (!reader_.Little(&byte) || byte > kLongSize) return false;
  *size = byte;
  return byte < kLongSize || reader_.Little(size);
}

bool ZipmapReader::ReadPair(std::string_view* field, std::string_view* value) {
  uint32_t size;
  uint8_t free;
  std::string_view unused;
  return ReadSize(&size) && reader_.Bytes(size, field) && ReadSize(&size) &&
         reader_.Little(&free) && reader_.Bytes(size, value) && reader_.Bytes(free, &unused);
}

}  // namespace larder
