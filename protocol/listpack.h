// Listpack: a sequence of short strings and integers in one string, as RDB files since Redis 7.0
// keep small collections (https://github.com/antirez/listpack/blob/master/listpack.md):
//
//   | total bytes, 32 bits | count, 16 bits (65535: more) | elements | 0xff |
//   element: | encoding, data | its size, backwards, 7 bits a byte |
//
// Each object is for one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/byte_reader.h"
#include "protocol/packed_element.h"

namespace larder {

// Bytes of a listpack without elements, and those that an element adds to one.
constexpr size_t kEmptyListpackBytes = 7;
size_t ListpackElementBytes(std::string_view element);
size_t ListpackElementBytes(int64_t number);  // as its digits would

// Reads a listpack that nobody vouches for:
//
//   while (reader.Next(&element)) ...
//   if (!reader.finished()) ... damaged
class ListpackReader {
 public:
  explicit ListpackReader(std::string_view listpack);

  // The next element. False at the end and at damage.
  bool Next(PackedElement* element);
  // The same as text, valid until the next call.
  bool Next(std::string_view* text) { return Next(&element_) && (*text = element_.text(), true); }
  // Everything was read, and all of it was sound.
  bool finished() const { return finished_; }

 private:
  bool ReadElement(PackedElement* element);
  bool Number(size_t size, PackedElement* element);
  bool Text(uint64_t size, PackedElement* element);

  ByteReader reader_;
  PackedElement element_;
  uint16_t header_count_ = 0;
  size_t count_ = 0;
  bool finished_ = false;
};

// Builds a listpack. Strings that are integers, printed the one way, become integers.
class ListpackWriter {
 public:
  ListpackWriter() { Clear(); }

  void Append(std::string_view element);
  void Append(int64_t number);  // as its digits would
  size_t count() const { return count_; }
  // Of the listpack as it stands. REQUIRES of Append: it stays below 2^32.
  size_t size_bytes() const { return bytes_.size() + 1; }
  // Ends it; valid until Clear.
  std::string_view Finish();
  void Clear();

 private:
  void AppendPrefix(size_t size);
  void AppendNumber(int64_t number);
  // What follows an element that began there.
  void EndElement(size_t start);

  std::string bytes_;
  size_t count_ = 0;
};

}  // namespace larder
