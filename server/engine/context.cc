#include "server/engine/context.h"

#include <limits>

#include "protocol/errors.h"
#include "server/base/hash.h"
#include "server/base/numbers.h"
#include "server/engine/engine.h"
#include "server/engine/notify.h"
#include "server/engine/removal.h"
#include "server/engine/tracking.h"
#include "server/store/reclaimer.h"

namespace larder {

Key Context::KeyAmongMany(std::string_view name, int of_db) {
  // Handlers mostly ask for their keys in order, so the next one is tried first.
  for (size_t tried = 0; tried < hashed.size(); ++tried) {
    if (next_hashed == hashed.size()) next_hashed = 0;
    const HashedKey& candidate = hashed[next_hashed++];
    if (candidate.data == name.data()) return lock.key(name, candidate.hash, of_db);
  }
  return lock.key(name, HashBytes(name), of_db);
}

Entry* Context::FindLive(const Key& key) {
  Entry* entry = key.shard->Find(key.db, key.name, key.hash);
  if (entry != nullptr && entry->ExpiredAt(now_ms())) [[unlikely]] {
    entry = MeetExpired(key, entry);
  }
  return entry;
}

Entry* Context::PeekEntry(const Key& key) { return FindLive(key); }

Entry* Context::PeekAndCount(const Key& key) {
  Entry* entry = FindLive(key);
  if (entry != nullptr) {
    worker.stats.keyspace_hits.Add(1);
  } else {
    worker.stats.keyspace_misses.Add(1);
    Notify(key, NotifyClass::kKeyMiss, "keymiss");
  }
  return entry;
}

// The primary decides when its keys are gone: until it says so they are there for its commands, and
// for clients of this server they are absent, but stay. Who writes needs the place. Readers leave
// it alone during CLIENT PAUSE.
Entry* Context::MeetExpired(const Key& key, Entry* entry) {
  if (client.link == Client::Link::kPrimary) return entry;
  if ((command.flags & kWrite) || engine.RemovesExpired(now_ms())) {
    RemoveKey(engine, worker, *key.shard, key.db, entry, key.hash, Removal::kExpired, ready);
  }
  return nullptr;
}

Entry* Context::ReadEntry(const Key& key) {
  Entry* entry = PeekAndCount(key);
  Touch(entry);
  return entry;
}

Entry* Context::WriteEntry(const Key& key) {
  Entry* entry = PeekEntry(key);
  if (entry != nullptr) entry = key.shard->Writable(key.db, entry, key.hash);
  Touch(entry);
  if (entry != nullptr && entry->grows_by_itself()) BeginChange(key, entry);
  return entry;
}

// The memory of a collection is counted anew when the command is over, or when it lets go of it.
void Context::BeginChange(const Key& key, Entry* entry) {
  for (const Worker::Changing& each : worker.changing) {
    if (each.entry == entry) return;
  }
  key.shard->BeginChange(key.db, entry);
  worker.changing.push_back({entry, key.shard, key.db});
}

// True where the entry was being changed.
bool Context::EndChange(const Entry* entry) {
  for (Worker::Changing& each : worker.changing) {
    if (each.entry != entry) continue;
    each.shard->EndChange(each.db, entry);
    each = worker.changing.back();
    worker.changing.pop_back();
    return true;
  }
  return false;
}

void Context::EndChanges() {
  for (const Worker::Changing& each : worker.changing) each.shard->EndChange(each.db, each.entry);
  worker.changing.clear();
}

void Context::Touch(Entry* entry) {
  if (entry == nullptr || client.no_touch.load(std::memory_order_relaxed)) return;
  TouchAlways(entry);
}

void Context::TouchAlways(Entry* entry) {
  const Settings& settings = engine.config.settings();
  if (CountsUses(settings)) [[unlikely]] {
    const LfuRules rules{settings.lfu_log_factor, settings.lfu_decay_minutes};
    return entry->set_access(LfuUsed(entry->access(), now_ms(), rules, ThreadRandom()));
  }
  entry->set_access(LruAccess(now_ms()));
}

uint32_t Context::FirstAccess() const {
  return CountsUses(engine.config.settings()) ? LfuAccess(kLfuStart, now_ms())
                                              : LruAccess(now_ms());
}

void Context::SetString(const Key& key, std::string_view value, int64_t expiry_ms,
                        StringEncoding encoding) {
  Entry* old = PeekEntry(key);
  if (old == nullptr) {
    return InsertEntry(key, Entry::NewString(key.name, value, encoding, expiry_ms));
  }
  // The same size in place: the common case of counters and of a value saved again.
  if (old->type() == ValueType::kString && old->short_string().size() == value.size() &&
      old->inline_string() != nullptr && old->has_expiry() == (expiry_ms != Entry::kNoExpiry) &&
      !key.shard->snapshot().Unsaved(old)) {
    memmove(old->inline_string(), value.data(), value.size());
    old->set_string_encoding(encoding);
    key.shard->SetExpiry(key.db, old, expiry_ms, key.hash);
    return Touch(old);
  }
  Entry* entry = Entry::NewString(key.name, value, encoding, expiry_ms);
  entry->set_access(old->access());
  Touch(entry);
  EndChange(old);
  FreeEntry(key.shard->Replace(key.db, old, entry, key.hash), engine.keyspace.reclaimer(),
            engine.config.settings().lazyfree_lazy_server_del != 0);
}

Entry* Context::GrowString(const Key& key, Entry* entry, size_t size) {
  if (entry == nullptr) {
    entry = Entry::NewString(key.name, {}, StringEncoding::kRaw, Entry::kNoExpiry);
    InsertEntry(key, entry);
  }
  if (size <= entry->string().size()) {
    entry->set_string_encoding(StringEncoding::kRaw);
    return entry;
  }
  key.shard->BeginChange(key.db, entry);
  return Grown(key, entry, Entry::Grow(entry, size));
}

Entry* Context::AppendToString(const Key& key, Entry* entry, std::string_view tail) {
  key.shard->BeginChange(key.db, entry);
  return Grown(key, entry, Entry::Append(entry, tail));
}

Entry* Context::Grown(const Key& key, const Entry* old, Entry* grown) {
  if (grown != old) key.shard->Moved(key.db, old, grown, key.hash);
  key.shard->EndChange(key.db, grown);
  grown->set_string_encoding(StringEncoding::kRaw);
  return grown;
}

void Context::StoreEntry(const Key& key, Entry* entry) {
  Entry* old = PeekEntry(key);  // an expired one has ended before, and is not replaced
  Touch(old);
  // How often a key is used outlasts the value; when it was used does not.
  const bool keeps = old != nullptr && CountsUses(engine.config.settings());
  const uint32_t access = keeps ? old->access() : FirstAccess();
  const bool replaces = Delete(key);
  InsertEntry(key, entry, replaces);
  entry->set_access(access);
}

void Context::InsertEntry(const Key& key, Entry* entry, bool replaces) {
  entry->set_access(FirstAccess());
  key.shard->Insert(key.db, entry, key.hash);
  if (entry->grows_by_itself()) BeginChange(key, entry);
  if (!replaces) Notify(key, NotifyClass::kNewKey, "new");
}

bool Context::Delete(const Key& key) {
  return Delete(key, engine.config.settings().lazyfree_lazy_server_del != 0);
}

bool Context::Delete(const Key& key, bool lazy) {
  Entry* entry = key.shard->Find(key.db, key.name, key.hash);
  if (entry == nullptr) return false;
  EndChange(entry);
  FreeEntry(key.shard->Drop(key.db, entry, key.hash), engine.keyspace.reclaimer(), lazy);
  return true;
}

Entry* Context::Extract(const Key& key) {
  Entry* entry = key.shard->Find(key.db, key.name, key.hash);
  if (entry == nullptr) return nullptr;
  EndChange(entry);
  return key.shard->Remove(key.db, entry, key.hash);
}

void Context::SetExpiry(const Key& key, int64_t expiry_ms) {
  Entry* entry = key.shard->Find(key.db, key.name, key.hash);
  const bool changing = EndChange(entry);
  entry = key.shard->SetExpiry(key.db, entry, expiry_ms, key.hash);
  if (changing) BeginChange(key, entry);
}

void Context::Notify(const Key& key, NotifyClass notify, std::string_view event) {
  if (engine.interest.load(std::memory_order_relaxed) == 0) [[likely]]
    return;
  NotifyEvent(engine, notify, event, key.db, key.name);
}

// What the primary's commands do is its own affair.
void Context::NoteLocalExpiry(const Key& key) {
  if (client.link == Client::Link::kPrimary) return;
  const Entry* entry = key.shard->Find(key.db, key.name, key.hash);
  if (entry != nullptr && entry->has_expiry()) {
    engine.local_expiries.Note(key, entry->expiry_ms());
  }
}

void Context::Changed(const Key& key, NotifyClass notify, std::string_view event, size_t changes) {
  // In front of the event, as in Redis: who reads again because of that keeps what he has read.
  if (engine.interest.load(std::memory_order_relaxed) != 0) [[unlikely]] {
    InvalidateKey(engine, worker, key.name, client.acts_for);
  }
  Noted(key, notify, event, changes);
  if (engine.replica.load(std::memory_order_relaxed)) [[unlikely]]
    NoteLocalExpiry(key);
  const Slice* slice = key.shard->existing_slice(key.db);
  if (slice == nullptr) return;
  if (!slice->watchers.empty()) {
    const bool stays = key.shard->Find(key.db, key.name, key.hash) != nullptr;
    key.shard->TouchWatchers(key.db, key.name, stays ? KeyFate::kStays : KeyFate::kGoes);
  }
  Parking::NoteReady(*slice, key.db, key.name, ready);
}

void Context::Noted(const Key& key, NotifyClass notify, std::string_view event, size_t changes) {
  worker.stats.changes.Add(changes);
  changed = true;
  Notify(key, notify, event);
}

void Context::Wake(const Key& key) {
  const Slice* slice = key.shard->existing_slice(key.db);
  if (slice != nullptr) Parking::NoteReady(*slice, key.db, key.name, ready);
}

void Context::ReplicateAs(Args words) { ReplicateIn(db(), words); }

void Context::ReplicateIn(int database, Args words) {
  replicated = true;
  if (effects != nullptr) effects->Add(database, words);
}

bool Context::WrongType() {
  reply.Error(errors::kWrongType);
  return false;
}

void Context::SyntaxError() { reply.Error(errors::kSyntax); }

bool Context::Integer(size_t i, int64_t* value, std::string_view error) {
  if (ParseInt64(args[i], value)) return true;
  reply.Error(error.empty() ? errors::kNotInteger : error);
  return false;
}

bool Context::Integer(size_t i, int64_t least, int64_t most, int64_t* value,
                      std::string_view error) {
  if (ParseInt64(args[i], value) && *value >= least && *value <= most) return true;
  reply.Error(error.empty() ? errors::kNotInteger : error);
  return false;
}

bool Context::Double(size_t i, double* value, std::string_view error) {
  if (ParseDouble(args[i], value)) return true;
  reply.Error(error.empty() ? errors::kNotFloat : error);
  return false;
}

bool Context::TimeoutMs(size_t i, int64_t* timeout_ms) {
  return Integer(i, timeout_ms, "ERR timeout is not an integer or out of range") &&
         CheckTimeout(static_cast<long double>(*timeout_ms));
}

bool Context::CheckTimeout(long double timeout_ms) {
  if (timeout_ms < 0) {
    reply.Error(errors::kTimeoutNegative);
    return false;
  }
  const int64_t most = std::numeric_limits<int64_t>::max() - now_ms();
  if (timeout_ms <= static_cast<long double>(most)) return true;
  reply.Error("ERR timeout is out of range");
  return false;
}

size_t Context::output_limit() const {
  if (client.is_script) return 0;
  const auto& limits = engine.config.settings().output_limits;
  return static_cast<size_t>(
      int64_t{limits[static_cast<size_t>(client.output_class())].hard_bytes});
}

bool Context::output_is_full() const {
  const size_t limit = output_limit();
  return limit > 0 && client.out.size() > limit;
}

bool Context::may_park() const {
  return !client.is_script && !client.in_exec && client.link == Client::Link::kClient;
}

void Context::Park(Wait wait) {
  parked = true;
  if (client.woken) return;  // it stands in its queues already
  Parking::Park(*this, std::move(wait));
}

}  // namespace larder
