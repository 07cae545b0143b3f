// LogBlock: the effects of one command, EXEC or script on their way into the replication log: words
// encoded as requests, one behind the other, with SELECT where the database changes between them.
// Encoding happens here, so that the log's lock is held for a copy only.
//
// One thread; kept and used again, it keeps its memory up to kKeptBytes. A block is as large as
// what the command changed: a script's effects must be one piece, so nothing smaller bounds it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "protocol/byte_buffer.h"

namespace larder {

class LogBlock {
 public:
  static constexpr int kAnyDb = -1;  // PING, REPLCONF: means the same in every database

  // Adds one effect.
  void Add(int db, std::span<const std::string_view> words);
  // A replica's block: bytes of its primary's stream as they came, which leave it in database
  // `last_db`. REQUIRES: empty().
  void SetRaw(std::string_view bytes, int last_db);
  void Clear();

  bool raw() const { return raw_; }
  bool empty() const { return effects_ == 0; }
  size_t effects() const { return effects_; }
  // The database that must be selected before the block, and the one that is selected after it.
  int first_db() const { return first_db_; }
  int last_db() const { return last_db_; }
  std::string_view bytes() const { return bytes_.view(); }

  static std::string Select(int db);

 private:
  static constexpr size_t kKeptBytes = 1024 * 1024;

  ByteBuffer bytes_;
  size_t effects_ = 0;
  int first_db_ = kAnyDb, last_db_ = kAnyDb;
  bool raw_ = false;
};

}  // namespace larder
