#include "server/persistence/rdb_save.h"

#include "server/base/clock.h"
#include "server/base/version.h"
#include "server/persistence/key_delay.h"
#include "server/store/memory.h"

namespace larder {

void RdbSave::Aux(std::string_view name, std::string_view value) {
  writer_.Byte(rdb::kAux);
  writer_.String(name);
  writer_.String(value);
}

void RdbSave::Begin(const RdbFacts& facts) {
  std::string version = std::to_string(rdb::kVersionWritten);
  version.insert(0, 4 - version.size(), '0');
  writer_.Bytes(rdb::kMagic);
  writer_.Bytes(version);
  Aux("redis-ver", kRedisVersion);
  Aux("redis-bits", "64");
  Aux("ctime", std::to_string(WallMs() / 1000));
  Aux("used-mem", std::to_string(UsedMemory()));
  for (const auto& [name, value] : facts.aux) Aux(name, value);
  Aux("aof-base", options_.aof_base ? "1" : "0");
  for (const std::string& source : facts.libraries) {
    writer_.Byte(rdb::kFunction);
    writer_.String(source);
  }
  for (size_t db = 0; db < facts.sizes.size(); ++db) {
    const RdbFacts::DbSize& size = facts.sizes[db];
    if (size.keys == 0 || options_.left_out.Has(static_cast<int64_t>(db))) continue;
    SelectDb(static_cast<int>(db));
    writer_.Byte(rdb::kResizeDb);
    writer_.Length(size.keys);
    writer_.Length(size.with_expiry);
  }
}

void RdbSave::SelectDb(int db) {
  db_ = db;
  writer_.Byte(rdb::kSelectDb);
  writer_.Length(static_cast<uint64_t>(db));
}

void RdbSave::WriteAccess(const Entry& entry) {
  if (options_.access == Options::Access::kIdle) {
    writer_.Byte(rdb::kIdle);
    writer_.Length(IdleSeconds(entry.access(), WallMs()));
  } else {
    writer_.Byte(rdb::kFrequency);
    writer_.Byte(LfuCounter(entry.access(), WallMs(), options_.lfu));
  }
}

void RdbSave::Key(int db, const Entry& entry) {
  if (options_.left_out.Has(db)) return;
  if (db != db_) SelectDb(db);
  if (entry.has_expiry()) {
    writer_.Byte(rdb::kExpiryMs);
    writer_.Little(static_cast<uint64_t>(entry.expiry_ms()), 8);
  }
  if (options_.access != Options::Access::kNothing) WriteAccess(entry);
  const rdb::Type type = TypeOf(entry, limits_);
  writer_.Byte(type);
  writer_.String(entry.key());
  WriteValue(writer_, type, entry);
  ++keys_;
  if (options_.key_delay_us != 0) [[unlikely]]
    RestAfterKey(options_.key_delay_us, keys_, options_.aborted);
}

void RdbSave::Append(std::string_view keys) {
  db_ = -1;
  writer_.Bytes(keys);
}

void RdbSave::EndChunk() {
  db_ = -1;
  writer_.Flush();
}

bool RdbSave::End() {
  writer_.Byte(rdb::kEnd);
  writer_.Checksum();
  return writer_.Flush();
}

}  // namespace larder
