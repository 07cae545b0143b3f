#include "protocol/reply.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "protocol/resp_line.h"

namespace larder {
namespace {

constexpr size_t kMinReferenced = 4096;  // of a bulk's part: copying less is free

// As Redis 7.0: 17 significant digits, and words for what is no number.
std::string_view FormatNumber(char (&text)[40], double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (std::isnan(value)) return "nan";
  int size = std::snprintf(text, sizeof(text), "%.17g", value);
  return {text, static_cast<size_t>(size)};
}

}  // namespace

void Reply::Header(char type, size_t count) {
  out_.bytes().Grow(
      FormatRespLine(out_.bytes().Space(kMaxRespLine), type, static_cast<int64_t>(count)));
}

void Reply::Status(std::string_view text) {
  out_.Append("+");
  out_.Append(text);
  out_.Append(kCrLf);
}

void Reply::Error(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
  ++errors_;
  last_error_was_counted_ = false;
  const size_t blank = text.substr(0, sizeof(last_code_) + 1).find(' ');
  const std::string_view code = blank == text.npos ? "ERR" : text.substr(0, blank);
  std::memcpy(last_code_, code.data(), code.size());
  last_code_size_ = static_cast<uint8_t>(code.size());

  out_.Append("-");
  const size_t start = out_.bytes().size();
  out_.Append(text);
  for (char* c = out_.bytes().data() + start; c != out_.bytes().data() + start + text.size(); ++c) {
    if (*c == '\r' || *c == '\n') *c = ' ';
  }
  out_.Append(kCrLf);
}

void Reply::CountedError(std::string_view text) {
  Error(text);
  last_error_was_counted_ = true;
}

void Reply::Integer(int64_t value) {
  out_.bytes().Grow(FormatRespLine(out_.bytes().Space(kMaxRespLine), ':', value));
}

void Reply::Bulk(std::string_view value) {
  out_.bytes().Grow(FormatRespBulk(out_.bytes().Space(RespBulkRoom(value.size())), value));
}

void Reply::Bulk(const BulkView& value) {
  if (value.blob == nullptr || value.blob->size() != value.bytes.size()) return Bulk(value.bytes);
  Header('$', value.bytes.size());
  out_.AppendBlob(BlobRef::Share(value.blob));
  out_.Append(kCrLf);
}

void Reply::BulkPart(const BulkView& part) {
  const bool whole = part.blob != nullptr && part.blob->size() == part.bytes.size();
  if (!whole || part.bytes.size() < kMinReferenced) return out_.Append(part.bytes);
  out_.AppendBlob(BlobRef::Share(part.blob));
}

void Reply::EndBulk() { out_.Append(kCrLf); }

void Reply::BulkInteger(int64_t value) {
  char digits[kMaxRespLine];
  char* end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  Bulk(std::string_view(digits, static_cast<size_t>(end - digits)));
}

void Reply::Null() { out_.Append(resp_ == 2 ? "$-1\r\n" : "_\r\n"); }

void Reply::NullArray() { out_.Append(resp_ == 2 ? "*-1\r\n" : "_\r\n"); }

void Reply::Double(double value) {
  char text[40];
  Number(FormatNumber(text, value));
}

void Reply::Number(std::string_view text) {
  if (resp_ == 2) return Bulk(text);
  out_.Append(",");
  out_.Append(text);
  out_.Append(kCrLf);
}

void Reply::Bool(bool value) {
  if (resp_ == 2) return Integer(value ? 1 : 0);
  out_.Append(value ? "#t\r\n" : "#f\r\n");
}

void Reply::BigNumber(std::string_view digits) {
  if (resp_ == 2) return Bulk(digits);
  out_.Append("(");
  out_.Append(digits);
  out_.Append(kCrLf);
}

void Reply::Verbatim(std::string_view format, std::string_view text) {
  if (resp_ == 2) return Bulk(text);
  Header('=', format.size() + 1 + text.size());
  out_.Append(format);
  out_.Append(":");
  out_.Append(text);
  out_.Append(kCrLf);
}

void Reply::Map(size_t pairs) {
  if (resp_ == 2) return Header('*', 2 * pairs);
  Header('%', pairs);
}

void Reply::Set(size_t count) { Header(resp_ == 2 ? '*' : '~', count); }

void Reply::Push(size_t count) { Header(resp_ == 2 ? '*' : '>', count); }

void Reply::EndArray(const OutputBuffer::Mark& begin, size_t count) {
  InsertHeader(begin, '*', count);
}

void Reply::EndSet(const OutputBuffer::Mark& begin, size_t count) {
  InsertHeader(begin, resp_ == 2 ? '*' : '~', count);
}

void Reply::EndMap(const OutputBuffer::Mark& begin, size_t pairs) {
  if (resp_ == 2) return InsertHeader(begin, '*', 2 * pairs);
  InsertHeader(begin, '%', pairs);
}

void Reply::InsertHeader(const OutputBuffer::Mark& begin, char type, size_t count) {
  char line[kMaxRespLine];
  out_.InsertAt(begin, {line, FormatRespLine(line, type, static_cast<int64_t>(count))});
}

}  // namespace larder
