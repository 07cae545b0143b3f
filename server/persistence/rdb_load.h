// RdbLoad: reads a data set in RDB form, versions 1 to 11, from any source, into a keyspace. The
// source is not trusted: whatever it holds, loading ends with all of it loaded, or with a reason
// and the position in the input; what was loaded by then is the caller's to flush.
//
// One thread reads; others (rdb_builders.h) make entries of what it finds. REQUIRES of Run: the
// gate is closed by its thread, or the keyspace is nobody else's yet.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/rdb_reader.h"
#include "server/persistence/rdb_builders.h"
#include "server/persistence/rdb_value.h"
#include "server/store/keyspace.h"

namespace larder {

class RdbLoad {
 public:
  struct Options {
    bool keep_expired = false;      // as a replica, which removes nothing by itself
    bool replace_existing = false;  // a key that is there is replaced, instead of being an error
    int only_db = -1;               // of all databases this one; -1: all
    RdbTarget* target = nullptr;    // where keys go; null: into the keyspace
    bool check_checksum = true;
    bool counts_uses = false;  // what Entry::access() is to be: CountsUses(settings)
    int64_t now_ms = 0;
    int64_t key_delay_us = 0;                 // key-load-delay, for RestAfterKey
    const std::atomic<bool>* stop = nullptr;  // set: loading ends with an error
    uint64_t* ended_at = nullptr;             // is told how long the input was
    // Is told the file's facts about itself: "repl-id" and others.
    std::function<void(std::string_view name, std::string_view value)> take_fact;
    // Is told, on any thread, of each key that is not loaded because its time is over.
    std::function<void(int db, std::string_view key)> take_expired;
    // Takes a function library's source; "" or why it can't be taken. `replace`: one of the same
    // name goes, instead of being an error.
    std::function<std::string(std::string_view source, bool replace)> load_library;
  };

  RdbLoad(RdbSource& source, Keyspace& keyspace, Options options, const ValueLimits& limits);

  // False, with error(), when the input is refused.
  bool Run();
  // "Internal error in RDB reading offset 17 -> unknown type of value".
  const std::string& error() const { return error_; }
  bool stopped() const { return stopped_; }  // as options.stop has asked

  uint64_t keys_loaded() const { return builders_.keys_loaded(); }
  uint64_t keys_expired() const { return builders_.keys_expired(); }
  uint64_t keys_empty() const { return builders_.keys_empty(); }
  // Bytes read so far; any thread.
  uint64_t position() const { return position_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kChunkBytes = 256 * 1024;  // worth waking a thread for
  // What is said of the key that follows.
  struct Prefix {
    int64_t expiry_ms = Entry::kNoExpiry;
    int64_t idle_s = -1;
    int frequency = -1;
  };

  static constexpr int kUnwanted = -1;  // as db_

  bool Wanted(uint64_t db) const {
    return options_.only_db < 0 || db == static_cast<uint64_t>(options_.only_db);
  }
  bool ReadAll();
  bool ReadHeader();
  // An opcode with its operands; sets *end at the last one.
  bool ReadOpcode(uint8_t opcode, bool* end);
  bool ReadExpiry(uint8_t opcode);
  bool ReadAux();
  bool ReadLibrary();
  bool ReadKey(uint8_t type);
  bool SkipModuleAux();
  bool CheckEnd();

  RdbReader reader_;
  const int databases_;
  const Options options_;
  KeyspaceTarget keyspace_target_;
  RdbBuilders builders_;
  RdbChunk chunk_;  // what they get next
  int version_ = 0;
  int db_ = 0;
  Prefix prefix_;
  std::string error_;
  bool stopped_ = false;
  uint64_t keys_found_ = 0;
  std::atomic<uint64_t> position_{0};
};

}  // namespace larder
