#include "replication/log/log_block.h"

#include "server/base/numbers.h"

namespace larder {
namespace {

void AppendHeader(std::string& out, char sign, size_t number) {
  out += sign;
  AppendInt(out, static_cast<int64_t>(number));
  out += "\r\n";
}

}  // namespace

void LogBlock::Encode(std::string& out, std::span<const std::string_view> words) {
  AppendHeader(out, '*', words.size());
  for (std::string_view word : words) {
    AppendHeader(out, '$', word.size());
    out += word;
    out += "\r\n";
  }
}

std::string LogBlock::Select(int db) {
  const std::string number = std::to_string(db);
  const std::string_view words[] = {"SELECT", number};
  std::string out;
  Encode(out, words);
  return out;
}

void LogBlock::Add(int db, std::span<const std::string_view> words) {
  if (db != kAnyDb) {
    if (last_db_ == kAnyDb) {
      first_db_ = db;
    } else if (last_db_ != db) {
      bytes_ += Select(db);
    }
    last_db_ = db;
  }
  Encode(bytes_, words);
  ++effects_;
}

void LogBlock::SetRaw(std::string_view bytes, int last_db) {
  bytes_ = bytes;
  last_db_ = last_db;
  effects_ = 1;
  raw_ = true;
}

void LogBlock::Clear() {
  if (bytes_.capacity() > kKeptBytes) {
    bytes_ = std::string();
  } else {
    bytes_.clear();
  }
  effects_ = 0;
  first_db_ = last_db_ = kAnyDb;
  raw_ = false;
}

}  // namespace larder
