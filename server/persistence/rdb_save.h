// RdbSave: a data set as an RDB file, key by key, to any sink: a file, a replica's socket. One
// thread; whoever calls Key owns the entry or holds what guards it.
//
//   RdbSave save(sink, options, limits);
//   save.Begin(facts);
//   for every entry: save.Key(db, entry);
//   if (!save.End()) ... the sink has failed
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "protocol/rdb_writer.h"
#include "server/config/database_set.h"
#include "server/persistence/rdb_value.h"
#include "server/store/access.h"

namespace larder {

// What stands in front of the keys.
struct RdbFacts {
  struct DbSize {
    uint64_t keys = 0, with_expiry = 0;  // hints for who loads it
  };
  std::vector<DbSize> sizes;                             // by database
  std::vector<std::pair<std::string, std::string>> aux;  // replication id and offset, for example
  std::vector<std::string> libraries;                    // sources of functions
};

class RdbSave {
 public:
  struct Options {
    RdbWriter::Options writer;
    DatabaseSet left_out;  // databases that are not written
    // What access() of the entries means, if it is to be written.
    enum class Access : uint8_t { kNothing, kIdle, kFrequency } access = Access::kNothing;
    LfuRules lfu;
    int64_t key_delay_us = 0;  // for RestAfterKey
    const std::atomic<bool>* aborted = nullptr;
    bool aof_base = false;  // it is the base of an append-only file
  };

  RdbSave(RdbSink& sink, const Options& options, const ValueLimits& limits)
      : options_(options), limits_(limits), writer_(sink, options.writer) {}

  void Begin(const RdbFacts& facts);
  void Key(int db, const Entry& entry);
  // Keys that another RdbSave has encoded, from an EndChunk of its to the next.
  void Append(std::string_view keys);
  // Hands everything to the sink; what follows names its database again.
  void EndChunk();
  // The end mark and the checksum; whether the sink took everything.
  bool End();

  bool ok() const { return writer_.ok(); }
  uint64_t keys() const { return keys_; }
  uint64_t position() const { return writer_.position(); }

 private:
  void Aux(std::string_view name, std::string_view value);
  void SelectDb(int db);
  void WriteAccess(const Entry& entry);

  const Options options_;
  const ValueLimits limits_;
  RdbWriter writer_;
  int db_ = -1;
  uint64_t keys_ = 0;
};

}  // namespace larder
