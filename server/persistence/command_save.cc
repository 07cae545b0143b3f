#include "server/persistence/command_save.h"

#include "protocol/request_writer.h"
#include "server/base/clock.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/persistence/key_delay.h"

namespace larder {

void CommandSave::Begin(const RdbFacts& facts) {
  if (options_.timestamp) StrAppend(buffer_, "#TS:", WallMs() / 1000, "\r\n");
  for (const std::string& source : facts.libraries) Write({"FUNCTION", "LOAD", source});
}

void CommandSave::Key(int db, const Entry& entry) {
  if (options_.left_out.Has(db)) return;
  if (db != db_) {
    db_ = db;
    Write({"SELECT", std::to_string(db)});
  }
  WriteValue(entry);
  if (entry.has_expiry()) {
    Write({"PEXPIREAT", entry.key(), std::to_string(entry.expiry_ms())});
  }
  ++keys_;
  if (options_.key_delay_us != 0) [[unlikely]]
    RestAfterKey(options_.key_delay_us, keys_, options_.aborted);
}

void CommandSave::Write(std::span<const std::string_view> words) {
  if (!ok_) return;
  AppendRequest(buffer_, words);
  if (buffer_.size() >= kBufferBytes) Flush();
}

bool CommandSave::Flush() {
  if (ok_ && !buffer_.empty()) ok_ = sink_.Write(buffer_);
  buffer_.clear();
  return ok_;
}

void CommandSave::BeginItems(std::string_view name, std::string_view key, size_t words_per_item) {
  words_per_command_ = 2 + kItemsPerCommand * words_per_item;
  items_.assign({std::string(name), std::string(key)});
}

void CommandSave::AddItem(std::initializer_list<std::string_view> words) {
  items_.insert(items_.end(), words.begin(), words.end());
  if (items_.size() < words_per_command_) return;
  EndItems();
  items_.resize(2);
}

void CommandSave::EndItems() {
  if (items_.size() == 2) return;
  const std::vector<std::string_view> words(items_.begin(), items_.end());
  Write(words);
}

void CommandSave::WriteValue(const Entry& entry) {
  const std::string_view key = entry.key();
  switch (entry.type()) {
    case ValueType::kString: {
      std::string storage;
      return Write({"SET", key, entry.string().Flatten(&storage)});
    }
    case ValueType::kList:
      BeginItems("RPUSH", key, 1);
      for (List::Cursor at = entry.object<List>()->CursorAt(0); at.valid(); at.Next()) {
        AddItem({(*at).bytes});
      }
      return EndItems();
    case ValueType::kSet:
      BeginItems("SADD", key, 1);
      entry.object<Set>()->ForEach([&](std::string_view member) { AddItem({member}); });
      return EndItems();
    case ValueType::kZSet:
      BeginItems("ZADD", key, 2);
      for (ZSet::Cursor at = entry.object<ZSet>()->CursorAt(0); at.valid(); at.Next()) {
        AddItem({FormatDouble(at.score()), at.member().bytes});
      }
      return EndItems();
    case ValueType::kHash:
      BeginItems("HMSET", key, 2);
      entry.object<Hash>()->ForEach([&](const DictRecord& record) {
        AddItem({record.key, record.value.bytes});
      });
      return EndItems();
    case ValueType::kStream:
      return WriteStream(key, *entry.object<Stream>());
  }
}

}  // namespace larder
