// CommandSave: a data set as the commands that make it, which is what the append-only file begins
// with where aof-use-rdb-preamble is no. Large collections come in commands of at most
// kItemsPerCommand items, so that whoever loads it needs no long ones. One thread; whoever calls
// Key owns the entry or holds what guards it.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/rdb_writer.h"
#include "server/persistence/rdb_save.h"
#include "server/store/hash.h"
#include "server/store/list.h"
#include "server/store/set.h"
#include "server/store/stream.h"
#include "server/store/zset.h"

namespace larder {

class CommandSave {
 public:
  struct Options {
    DatabaseSet left_out;      // databases that are not written
    bool timestamp = false;    // begin with the time, as aof-timestamp-enabled has it
    int64_t key_delay_us = 0;  // for RestAfterKey
    const std::atomic<bool>* aborted = nullptr;
  };
  CommandSave(RdbSink& sink, Options options) : sink_(sink), options_(std::move(options)) {}

  void Begin(const RdbFacts& facts);
  void Key(int db, const Entry& entry);
  // Whether the sink took everything.
  bool End() { return Flush(); }
  bool ok() const { return ok_; }

 private:
  static constexpr size_t kItemsPerCommand = 64;     // as Redis
  static constexpr size_t kBufferBytes = 64 * 1024;  // a system call for that many

  void Write(std::span<const std::string_view> words);
  void Write(std::initializer_list<std::string_view> words) {
    Write(std::span<const std::string_view>(words.begin(), words.size()));
  }
  // Items of one collection, gathered into commands.
  void BeginItems(std::string_view name, std::string_view key, size_t words_per_item);
  void AddItem(std::initializer_list<std::string_view> words);
  void EndItems();
  bool Flush();

  void WriteValue(const Entry& entry);
  // command_save_stream.cc
  void WriteStream(std::string_view key, const Stream& stream);
  void WriteGroup(std::string_view key, std::string_view name, const StreamGroup& group);

  RdbSink& sink_;
  const Options options_;
  std::string buffer_;
  std::vector<std::string> items_;  // of the command being gathered, its name and key first
  size_t words_per_command_ = 0;
  int db_ = -1;
  uint64_t keys_ = 0;
  bool ok_ = true;
};

}  // namespace larder
