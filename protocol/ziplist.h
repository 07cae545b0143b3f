// ZiplistReader: reads a ziplist, as RDB files before Redis 7.0 keep small collections
// (https://rdb.fnordig.de/file_format.html#ziplist-encoding), trusting no byte of it:
//
//   | bytes, 32 bits | offset of the last element, 32 bits | count, 16 bits | elements | 0xff |
//   element: | size of the one before | encoding | data |
//
//   while (reader.Next(&element)) ...
//   if (!reader.finished()) ... damaged
//
// One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/byte_reader.h"
#include "protocol/packed_element.h"

namespace larder {

class ZiplistReader {
 public:
  explicit ZiplistReader(std::string_view ziplist);

  // The next element. False at the end and at damage.
  bool Next(PackedElement* element);
  // The same as text, valid until the next call.
  bool Next(std::string_view* text) { return Next(&element_) && (*text = element_.text(), true); }
  // Everything was read, and all of it was sound.
  bool finished() const { return finished_; }

 private:
  bool ReadElement(PackedElement* element);
  bool ReadNumber(uint8_t encoding, PackedElement* element);
  bool ReadText(uint64_t size, PackedElement* element);

  ByteReader reader_;
  PackedElement element_;
  size_t total_bytes_;
  uint32_t last_offset_ = 0;
  uint16_t header_count_ = 0;
  size_t count_ = 0;
  size_t previous_bytes_ = 0;  // size of the element before
  bool finished_ = false;
};

}  // namespace larder
