// ZipmapReader: reads a zipmap, as RDB files of Redis 2.2 to 2.4 keep small hashes
// (https://rdb.fnordig.de/file_format.html#zipmap-encoding), trusting no byte of it:
//
//   | count, 8 bits (254: unknown) | size, field, size, free, value, free bytes | ... | 0xff |
//
//   while (reader.Next(&field, &value)) ...
//   if (!reader.finished()) ... damaged
//
// Views point into the zipmap. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/byte_reader.h"

namespace larder {

class ZipmapReader {
 public:
  explicit ZipmapReader(std::string_view zipmap);

  // False at the end and at damage.
  bool Next(std::string_view* field, std::string_view* value);
  // Everything was read, and all of it was sound.
  bool finished() const { return finished_; }

 private:
  bool ReadSize(uint32_t* size);
  bool ReadPair(std::string_view* field, std::string_view* value);

  ByteReader reader_;
  uint8_t header_count_ = 0;
  size_t count_ = 0;
  bool finished_ = false;
};

}  // namespace larder
