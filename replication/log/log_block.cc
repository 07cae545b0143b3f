#include "replication/log/log_block.h"

#include "protocol/request_writer.h"

namespace larder {

std::string LogBlock::Select(int db) { return EncodeRequest({"SELECT", std::to_string(db)}); }

void LogBlock::Add(int db, std::span<const std::string_view> words) {
  if (db != kAnyDb) {
    if (last_db_ == kAnyDb) {
      first_db_ = db;
    } else if (last_db_ != db) {
      bytes_.Append(Select(db));
    }
    last_db_ = db;
  }
  AppendRequest(bytes_, words);
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
