// Reply: writes one client's replies in RESP2 or RESP3 (the Redis serialization protocol
// specification, redis.io/docs/reference/protocol-spec). A handler says what it means (a map, a
// double, a null); the reply knows how the client's protocol version spells it. One thread at a
// time.
//
// Invariant: an aggregate's header is followed by exactly that many replies; the caller keeps it.
#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/blob.h"
#include "protocol/output_buffer.h"

namespace larder {

class Reply {
 public:
  Reply(OutputBuffer& out, int resp) : out_(out), resp_(resp) {}

  // 2 or 3. HELLO changes it in mid-connection.
  int resp() const { return resp_; }
  void set_resp(int resp) { resp_ = resp; }

  void Ok() { out_.Append("+OK\r\n"); }
  // A status line; no CR or LF in it.
  void Status(std::string_view text);
  // An error with its code first ("ERR syntax error"), without the leading minus. CR and LF become
  // spaces, since an error is one line.
  void Error(std::string_view text);

  // An error that has been counted where it happened, and is passed on (by a script).
  void CountedError(std::string_view text);

  void Integer(int64_t value);
  void Bulk(std::string_view value);
  // The same without a copy where the value is a blob.
  void Bulk(const BulkView& value);
  // A bulk of `size` bytes that follow part by part, and EndBulk behind them. A part that is a
  // whole blob is not copied, unless it is so small that copying costs less.
  void BeginBulk(size_t size) { Header('$', size); }
  void BulkPart(const BulkView& part);
  void EndBulk();
  void BulkInteger(int64_t value);     // an integer spelled as a bulk string
  void Null();                         // $-1 or _
  void NullArray();                    // *-1 or _
  void Double(double value);           // bulk string or ,
  void Number(std::string_view text);  // the same, of a number that is formatted already
  void Bool(bool value);               // :1 :0 or #t #f
  void BigNumber(std::string_view digits);
  // `format` has three letters: "txt", "mkd". RESP2: a bulk string.
  void Verbatim(std::string_view format, std::string_view text);

  void Array(size_t count) { Header('*', count); }
  void EmptyArray() { out_.Append("*0\r\n"); }
  void Map(size_t pairs);  // RESP2: an array of twice as many
  void Set(size_t count);  // RESP2: an array
  void Push(size_t count);

  // For lengths known only at the end: Begin before the elements, End* with their number after
  // them.
  OutputBuffer::Mark Begin() const { return out_.mark(); }
  void EndArray(const OutputBuffer::Mark& begin, size_t count);
  void EndSet(const OutputBuffer::Mark& begin, size_t count);
  void EndMap(const OutputBuffer::Mark& begin, size_t pairs);

  // A reply built elsewhere, in this reply's protocol version.
  void Raw(std::string_view encoded) { out_.Append(encoded); }
  OutputBuffer& out() { return out_; }

  // How many errors were written through this object, and the code (first word) of the last one.
  // They feed INFO's errorstats and the failed calls of commandstats.
  uint32_t errors() const { return errors_; }
  bool last_error_was_counted() const { return last_error_was_counted_; }
  void MarkErrorCounted() { last_error_was_counted_ = true; }
  std::string_view last_error_code() const { return {last_code_, last_code_size_}; }

 private:
  void Header(char type, size_t count);
  void InsertHeader(const OutputBuffer::Mark& begin, char type, size_t count);

  OutputBuffer& out_;
  int resp_;
  uint32_t errors_ = 0;
  bool last_error_was_counted_ = false;
  uint8_t last_code_size_ = 0;
  char last_code_[30];  // what is longer, or has no blank behind it, counts as ERR
};

}  // namespace larder
