#include "server/persistence/rdb_load.h"

#include <algorithm>
#include <thread>

#include "protocol/rdb_skip.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/quote.h"
#include "server/base/strings.h"
#include "server/persistence/key_delay.h"

namespace larder {
namespace {

constexpr int kFirstWithChecksum = 5;
// Beside the one that reads: it finds keys about four times as fast as one thread builds them.
constexpr size_t kMostBuilders = RdbBuilders::kMostThreads - 1;

// Whatever comes first of a record: an opcode, or the type of a key.
bool IsOpcode(uint8_t byte) { return byte >= rdb::kSlotInfo; }

size_t BuilderCount(const RdbLoad::Options& options) {
  if (options.key_delay_us != 0) return 0;  // keys one by one, as they are read
  const size_t cores = std::max(std::thread::hardware_concurrency(), 1u);
  return std::min(cores - 1, kMostBuilders);
}

}  // namespace

RdbLoad::RdbLoad(RdbSource& source, Keyspace& keyspace, Options options, const ValueLimits& limits)
    : reader_(source),
      databases_(keyspace.databases()),
      options_(std::move(options)),
      keyspace_target_(keyspace, options_.replace_existing),
      builders_(options_.target != nullptr ? *options_.target : keyspace_target_,
                {.keep_expired = options_.keep_expired,
                 .take_expired = options_.take_expired,
                 .counts_uses = options_.counts_uses,
                 .now_ms = options_.now_ms},
                limits, BuilderCount(options_)) {}

bool RdbLoad::Run() {
  const bool read = ReadAll();
  builders_.Take(std::exchange(chunk_, {}));
  builders_.Finish();
  const bool loaded = read && builders_.ok();
  if (stopped_) {
    error_ = "it was stopped";
  } else if (!loaded) {
    // What was refused comes before what could not be read any more.
    const bool refused = !builders_.ok();
    error_ = StrCat("Internal error in RDB reading offset ",
                    refused ? builders_.error_position() : reader_.position(), " -> ",
                    refused ? builders_.error() : reader_.error());
  }
  return loaded;
}

bool RdbLoad::ReadAll() {
  reader_.EnableChecksum();
  bool good = ReadHeader();
  for (bool end = false; good && !end;) {
    uint8_t byte;
    stopped_ = options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed);
    good = !stopped_ && reader_.Byte(&byte) &&
           (IsOpcode(byte) ? ReadOpcode(byte, &end) : ReadKey(byte));
    position_.store(reader_.position(), std::memory_order_relaxed);
  }
  if (options_.ended_at != nullptr) *options_.ended_at = reader_.position();
  return good;
}

bool RdbLoad::ReadHeader() {
  std::string magic, digits;
  if (!reader_.Bytes(rdb::kMagic.size(), &magic) || !reader_.Bytes(4, &digits)) return false;
  if (magic != rdb::kMagic) return reader_.Fail("Wrong signature trying to load DB from file");
  for (char digit : digits) {
    if (digit < '0' || digit > '9') return reader_.Fail("a version that is not a number");
    version_ = version_ * 10 + (digit - '0');
  }
  if (version_ >= 1 && version_ <= rdb::kVersionRead) return true;
  return reader_.Fail(StrCat("Can't handle RDB format version ", version_));
}

bool RdbLoad::ReadOpcode(uint8_t opcode, bool* end) {
  uint64_t number, other;
  switch (opcode) {
    case rdb::kEnd:
      *end = true;
      return CheckEnd();
    case rdb::kSelectDb:
      if (!reader_.Length(&number)) return false;
      if (!Wanted(number)) {
        db_ = kUnwanted;
        return true;
      }
      if (number >= static_cast<uint64_t>(databases_)) {
        return reader_.Fail(StrCat("database ", number, " of ", databases_,
                                   ": the directive databases must be larger"));
      }
      db_ = static_cast<int>(number);
      return true;
    case rdb::kResizeDb:
      if (!reader_.Length(&number) || !reader_.Length(&other)) return false;
      if (db_ != kUnwanted) builders_.Expect(db_, number);
      return true;
    case rdb::kSlotInfo:
      return reader_.Length(&number) && reader_.Length(&number) && reader_.Length(&number);
    case rdb::kExpiryMs:
    case rdb::kExpirySeconds:
      return ReadExpiry(opcode);
    case rdb::kIdle:
      if (!reader_.Length(&number)) return false;
      prefix_.idle_s = static_cast<int64_t>(number & 0xffffff);
      return true;
    case rdb::kFrequency: {
      uint8_t frequency;
      if (!reader_.Byte(&frequency)) return false;
      prefix_.frequency = frequency;
      return true;
    }
    case rdb::kAux:
      return ReadAux();
    case rdb::kFunction:
      return ReadLibrary();
    case rdb::kModuleAux:
      return SkipModuleAux();
    default:
      return reader_.Fail("functions in a format that only release candidates wrote");
  }
}

bool RdbLoad::ReadExpiry(uint8_t opcode) {
  if (opcode == rdb::kExpiryMs) {
    if (!reader_.Little(&prefix_.expiry_ms)) return false;
  } else {
    int32_t seconds;
    if (!reader_.Little(&seconds)) return false;
    prefix_.expiry_ms = int64_t{seconds} * 1000;
  }
  // Before 1970 is long ago.
  if (prefix_.expiry_ms < 0) prefix_.expiry_ms = 0;
  return true;
}

bool RdbLoad::ReadAux() {
  std::string name, value;
  if (!reader_.String(&name) || !reader_.String(&value)) return false;
  if (name == "redis-ver" || name == "valkey-ver") {
    Log(LogLevel::kNotice, "Loading RDB produced by version ", Printable(value));
  } else if (name == "ctime") {
    int64_t written_s;
    if (ParseInt64(value, &written_s)) {
      const int64_t age_s = options_.now_ms / 1000 - written_s;
      Log(LogLevel::kNotice, "RDB age ", age_s < 0 ? 0 : age_s, " seconds");
    }
  } else if (name == "used-mem") {
    int64_t bytes;
    if (ParseInt64(value, &bytes)) {
      Log(LogLevel::kNotice, "RDB memory usage when created ", bytes / 1024 / 1024, " Mb");
    }
  } else if (name.starts_with('%')) {
    Log(LogLevel::kNotice, "RDB ", Printable(name), ": ", Printable(value));
  }
  if (options_.take_fact) options_.take_fact(name, value);
  return true;
}

bool RdbLoad::ReadLibrary() {
  std::string source;
  if (!reader_.String(&source)) return false;
  if (!options_.load_library) return reader_.Fail("a function library, with no place to put it");
  const std::string error = options_.load_library(source, options_.replace_existing);
  return error.empty() || reader_.Fail(StrCat("Failed loading library, ", error));
}

// What a module keeps beside its keys: annotated, so that it can be read over without the module.
bool RdbLoad::SkipModuleAux() {
  uint64_t number, opcode;
  if (!reader_.Length(&number)) return false;  // the module's id
  for (;;) {
    if (!reader_.Length(&opcode)) return false;
    switch (opcode) {
      case rdb::kModuleEnd:
        return true;
      case rdb::kModuleSigned:
      case rdb::kModuleUnsigned:
        if (!reader_.Length(&number)) return false;
        break;
      case rdb::kModuleFloat: {
        uint32_t bits;
        if (!reader_.Little(&bits)) return false;
        break;
      }
      case rdb::kModuleDouble:
        if (!reader_.Little(&number)) return false;
        break;
      case rdb::kModuleString:
        if (!reader_.SkipString()) return false;
        break;
      default:
        return reader_.Fail("unknown opcode in a module's data");
    }
  }
}

bool RdbLoad::ReadKey(uint8_t type) {
  const Prefix prefix = std::exchange(prefix_, {});
  if (db_ == kUnwanted || !Wanted(static_cast<uint64_t>(db_))) {
    return reader_.SkipString() && SkipRdbValue(reader_, type);
  }
  const uint64_t position = reader_.position();
  reader_.CopyTo(&chunk_.bytes);
  const bool read = reader_.SkipString() && SkipRdbValue(reader_, type);
  reader_.CopyTo(nullptr);
  if (!read || !builders_.ok()) return false;
  ++keys_found_;
  chunk_.records.push_back({.db = db_,
                            .type = type,
                            .frequency = prefix.frequency,
                            .idle_s = prefix.idle_s,
                            .expiry_ms = prefix.expiry_ms,
                            .position = position,
                            .end = chunk_.bytes.size()});
  const bool one_by_one = options_.key_delay_us != 0;
  if (chunk_.bytes.size() >= kChunkBytes || one_by_one) {
    builders_.Take(std::exchange(chunk_, {}));
  }
  if (one_by_one) [[unlikely]] {
    position_.store(reader_.position(), std::memory_order_relaxed);
    RestAfterKey(options_.key_delay_us, keys_found_, options_.stop);
  }
  return true;
}

bool RdbLoad::CheckEnd() {
  if (version_ < kFirstWithChecksum) return true;
  const uint64_t computed = reader_.checksum();
  uint64_t written;
  if (!reader_.Little(&written)) return false;
  if (!options_.check_checksum) return true;
  if (written == 0) {
    Log(LogLevel::kNotice, "RDB file was saved with checksum disabled: no check performed.");
    return true;
  }
  return written == computed || reader_.Fail("RDB CRC error");
}

}  // namespace larder
