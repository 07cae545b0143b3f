#include "protocol/rdb_reader.h"

#include <algorithm>
#include <cstring>

#include "protocol/crc64.h"
#include "protocol/lzf.h"
#include "protocol/packed_element.h"
#include "protocol/rdb_format.h"

namespace larder {

bool RdbReader::Fail(std::string_view reason) {
  if (error_.empty()) error_ = reason;
  return false;
}

// The next bytes from the source, when those at hand are used up.
bool RdbReader::Fill() {
  if (!available_.empty()) return true;
  if (source_ == nullptr) return false;
  if (checksum_) checksum();
  AddToCopy();
  before_ += chunk_.size();
  crc_covers_ = copied_ = 0;
  chunk_ = available_ = {buffer_.data(), source_->Read(buffer_.data(), buffer_.size())};
  return !chunk_.empty();
}

uint64_t RdbReader::checksum() {
  crc_ = Crc64(crc_, chunk_.substr(crc_covers_, taken() - crc_covers_));
  crc_covers_ = taken();
  return crc_;
}

void RdbReader::AddToCopy() {
  if (copy_ != nullptr) copy_->append(chunk_, copied_, taken() - copied_);
  copied_ = taken();
}

void RdbReader::CopyTo(std::string* copy) {
  AddToCopy();
  copy_ = copy;
}

bool RdbReader::RawInPieces(char* to, uint64_t size) {
  if (!ok()) return false;
  while (size > 0) {
    if (!Fill()) return Fail("the input ends too early");
    const auto step = static_cast<size_t>(std::min<uint64_t>(size, available_.size()));
    if (to != nullptr) {
      std::memcpy(to, available_.data(), step);
      to += step;
    }
    available_.remove_prefix(step);
    size -= step;
  }
  return true;
}

bool RdbReader::Skip(uint64_t size) {
  if (!ok() || size > available_.size()) return RawInPieces(nullptr, size);
  available_.remove_prefix(size);
  return true;
}

bool RdbReader::Double(double* value) {
  uint64_t bits;
  if (!Little(&bits)) return false;
  std::memcpy(value, &bits, sizeof(bits));
  return true;
}

bool RdbReader::LengthOrEncoding(uint64_t* length, bool* encoded) {
  uint8_t first;
  if (!Byte(&first)) return false;
  *encoded = first >= rdb::kEncoded;
  if (*encoded || first < rdb::kLength14) {
    *length = first & 0x3f;
    return true;
  }
  int more = 1;
  *length = first & 0x3f;
  if (first >= rdb::kLength32) {
    if (first > rdb::kLength64) return Fail("unknown length encoding");
    more = first == rdb::kLength32 ? 4 : 8;
    *length = 0;
  }
  for (; more > 0; --more) {
    uint8_t byte;
    if (!Byte(&byte)) return false;
    *length = *length << 8 | byte;
  }
  return true;
}

bool RdbReader::Length(uint64_t* length) {
  bool encoded;
  return LengthOrEncoding(length, &encoded) &&
         (!encoded || Fail("an encoded string where a length should be"));
}

bool RdbReader::Bytes(uint64_t size, std::string* bytes) {
  bytes->clear();
  if (source_ == nullptr && size > available_.size()) return Fail("the input ends too early");
  while (bytes->size() < size) {
    const size_t have = bytes->size();
    const size_t step = static_cast<size_t>(std::min<uint64_t>(size - have, kStepBytes));
    bytes->resize(have + step);
    if (!Raw(bytes->data() + have, step)) return false;
  }
  return true;
}

bool RdbReader::String(std::string* text) {
  uint64_t length;
  bool encoded;
  if (!LengthOrEncoding(&length, &encoded)) return false;
  return encoded ? EncodedString(length, text) : Bytes(length, text);
}

bool RdbReader::EncodedString(uint64_t encoding, std::string* text) {
  switch (encoding) {
    case rdb::kInt8: {
      int8_t number;
      return Little(&number) && (text->assign(PackedElement(int64_t{number}).text()), true);
    }
    case rdb::kInt16: {
      int16_t number;
      return Little(&number) && (text->assign(PackedElement(int64_t{number}).text()), true);
    }
    case rdb::kInt32: {
      int32_t number;
      return Little(&number) && (text->assign(PackedElement(int64_t{number}).text()), true);
    }
    case rdb::kLzf: {
      uint64_t packed_size, size;
      if (!Length(&packed_size) || !Length(&size) || !Bytes(packed_size, &packed_)) return false;
      return DecompressLzf(packed_, size, text) || Fail("invalid LZF compressed string");
    }
    default:
      return Fail("unknown string encoding");
  }
}

bool RdbReader::SkipString() {
  uint64_t length, size;
  bool encoded;
  if (!LengthOrEncoding(&length, &encoded)) return false;
  if (!encoded) return Skip(length);
  switch (length) {
    case rdb::kInt8:
      return Skip(1);
    case rdb::kInt16:
      return Skip(2);
    case rdb::kInt32:
      return Skip(4);
    case rdb::kLzf:
      return Length(&length) && Length(&size) && Skip(length);
    default:
      return Fail("unknown string encoding");
  }
}

bool RdbReader::SkipString(uint64_t* size) {
  uint64_t length;
  bool encoded;
  if (!LengthOrEncoding(&length, &encoded)) return false;
  if (encoded && length == rdb::kLzf) return Length(&length) && Length(size) && Skip(length);
  if (encoded) {
    if (!EncodedString(length, &packed_)) return false;
    length = packed_.size();
  }
  *size = length;
  return encoded || Skip(length);
}

}  // namespace larder
