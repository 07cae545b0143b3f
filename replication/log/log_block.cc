#include "replication/log/log_block.h"

#include "protocol/resp_line.h"

namespace larder {
namespace {

// The most that EncodeTo writes.
size_t Room(std::span<const std::string_view> words) {
  size_t room = kMaxRespLine;
  for (std::string_view word : words) room += RespBulkRoom(word.size());
  return room;
}

size_t EncodeTo(char* begin, std::span<const std::string_view> words) {
  char* end = begin + FormatRespLine(begin, '*', static_cast<int64_t>(words.size()));
  for (std::string_view word : words) end += FormatRespBulk(end, word);
  return static_cast<size_t>(end - begin);
}

}  // namespace

void LogBlock::Encode(std::string& out, std::span<const std::string_view> words) {
  const size_t before = out.size();
  out.resize(before + Room(words));
  out.resize(before + EncodeTo(out.data() + before, words));
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
      bytes_.Append(Select(db));
    }
    last_db_ = db;
  }
  bytes_.Grow(EncodeTo(bytes_.Space(Room(words)), words));
  ++effects_;
}

void LogBlock::SetRaw(std::string_view bytes, int last_db) {
  bytes_.Clear();
  bytes_.Append(bytes);
  last_db_ = last_db;
  effects_ = 1;
  raw_ = true;
}

void LogBlock::Clear() {
  bytes_.ClearKeeping(kKeptBytes);
  effects_ = 0;
  first_db_ = last_db_ = kAnyDb;
  raw_ = false;
}

}  // namespace larder
