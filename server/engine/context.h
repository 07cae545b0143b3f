// Context: everything a handler may use; nothing else exists for it. Made by the dispatcher for one
// command, with the locks of its keys held. A handler checks its words, reads and changes values,
// says what it changed and writes exactly one reply.
//
//   void HGet(Context& c) {
//     const Hash* hash;
//     if (!c.Read(c.key(1), &hash)) return;        // WRONGTYPE is answered
//     if (hash == nullptr) return c.reply.Null();
//     ...
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/reply.h"
#include "replication/log/log_block.h"
#include "server/engine/args.h"
#include "server/engine/client.h"
#include "server/engine/command.h"
#include "server/engine/effect_word.h"
#include "server/engine/key_lock.h"
#include "server/engine/notify.h"
#include "server/engine/parking.h"
#include "server/engine/worker.h"
#include "server/store/entry.h"

namespace larder {

class Engine;

struct Context {
  Engine& engine;
  Worker& worker;
  const Command& command;
  Args args;
  Client& client;
  KeyLock& lock;
  Reply& reply;

  int db() const { return client.db.load(std::memory_order_relaxed); }
  int64_t now_ms() const { return worker.now_ms; }  // Unix time of this batch or script

  // ---- Keys -------------------------------------------------------------------------------------
  // The key at word `i`, in the client's database or another one.
  Key key(size_t i) { return KeyNamed(args[i], db()); }
  Key key(size_t i, int other_db) { return KeyNamed(args[i], other_db); }
  // A key that is no word of the command; its shard must be covered by the lock (exclusive
  // commands).
  Key KeyNamed(std::string_view name, int of_db) {
    if (hashed.size() == 1 && hashed[0].data == name.data()) [[likely]] {
      return lock.key(name, hashed[0].hash, of_db);
    }
    return KeyAmongMany(name, of_db);
  }

  // ---- Values -----------------------------------------------------------------------------------
  // The live entry for reading: counts a hit or miss, and a use. Null where there is none.
  Entry* ReadEntry(const Key& key);
  // The same for a change: an expired entry is removed. Does not count hits. Who changes a
  // collection must have got it from here (or made it), so that its memory is counted.
  Entry* WriteEntry(const Key& key);
  // Neither counts nor touches (OBJECT).
  Entry* PeekEntry(const Key& key);
  // Counts a hit or miss, but no use (TTL, TYPE).
  Entry* PeekAndCount(const Key& key);

  // The value of type T, or null where there is no key. False after WRONGTYPE was answered.
  template <typename T>
  bool Read(const Key& key, const T** value) {
    Entry* entry = ReadEntry(key);
    *value = nullptr;
    if (entry == nullptr) return true;
    if (entry->type() != kTypeOf<T>) return WrongType();
    *value = entry->object<T>();
    return true;
  }
  template <typename T>
  bool Write(const Key& key, T** value) {
    Entry* entry = WriteEntry(key);
    *value = nullptr;
    if (entry == nullptr) return true;
    if (entry->type() != kTypeOf<T>) return WrongType();
    *value = entry->object<T>();
    return true;
  }
  // The same, but makes an empty value where there is no key. The caller fills it, or calls
  // RemoveIfEmpty.
  template <typename T>
  bool FindOrCreate(const Key& key, T** value) {
    if (!Write(key, value)) return false;
    if (*value == nullptr) *value = &Create<T>(key);
    return true;
  }
  // REQUIRES: there is no such key (Delete it first).
  template <typename T>
  T& Create(const Key& key, int64_t expiry_ms = Entry::kNoExpiry) {
    Entry* entry = Entry::NewObject(key.name, kTypeOf<T>, new T(), expiry_ms);
    InsertEntry(key, entry);
    return *entry->object<T>();
  }
  // Puts what a command built (ZUNIONSTORE) in the place of whatever the key held, expiry included.
  // Takes it over.
  template <typename T>
  void Store(const Key& key, std::unique_ptr<T> value) {
    StoreEntry(key, Entry::NewObject(key.name, kTypeOf<T>, value.release(), Entry::kNoExpiry));
  }
  void StoreEntry(const Key& key, Entry* entry);

  // Strings: sets the value, keeping the entry's place. Expiry as given (Entry::kNoExpiry: none).
  void SetString(const Key& key, std::string_view value, int64_t expiry_ms,
                 StringEncoding encoding);
  // The string at the key, to be changed in place with Entry::Overwrite: at least `size` bytes
  // long, zero bytes behind what it held; made where there is none. `entry` is what WriteEntry
  // answered; the entry returned may be another one. Its encoding is "raw", as Redis makes it.
  Entry* GrowString(const Key& key, Entry* entry, size_t size);
  // Appends to the string. REQUIRES: `entry`, which WriteEntry answered, is not null.
  Entry* AppendToString(const Key& key, Entry* entry, std::string_view tail);
  // Takes the entry over. REQUIRES: there is no such key. `replaces`: there was one until this
  // moment, so that it does not count as a new key.
  void InsertEntry(const Key& key, Entry* entry, bool replaces = false);
  // Removes the key without an event; true where there was one. Large values are freed by the
  // reclaimer, and with `lazy` (else: lazyfree-lazy-server-del) medium ones as well.
  bool Delete(const Key& key);
  bool Delete(const Key& key, bool lazy);
  // Takes the entry out and hands it to the caller (RENAME, MOVE). Null where there is none.
  Entry* Extract(const Key& key);
  // REQUIRES: the key is there. Entry::kNoExpiry removes the expiry.
  void SetExpiry(const Key& key, int64_t expiry_ms);
  // Removes the key, with the event "del", when its collection has become empty; what made it so
  // was counted. True: removed.
  template <typename T>
  bool RemoveIfEmpty(const Key& key, const T& value) {
    if (value.size() != 0) return false;
    Delete(key);
    Changed(key, NotifyClass::kGeneric, "del", 0);
    return true;
  }

  // Notes a use of the entry for eviction, unless the client asked for none (CLIENT NO-TOUCH).
  void Touch(Entry* entry);
  // The same whatever the client asked for.
  void TouchAlways(Entry* entry);

  // Called by the dispatcher when the handler is done.
  void EndChanges();

  // ---- What happened ----------------------------------------------------------------------------
  // After every change of a key: marks watchers, wakes waiters, invalidates caches, counts the
  // change and notifies. Save points count `changes` as Redis does: most commands by element or
  // field, 0 for an event that comes with a change already counted.
  void Changed(const Key& key, NotifyClass notify, std::string_view event, size_t changes = 1);
  // After a change that is no matter of who reads the value (a stream's consumer groups): told and
  // counted like the others, but no watcher and no waiter hears of it.
  void Noted(const Key& key, NotifyClass notify, std::string_view event, size_t changes = 1);
  // Has the clients that wait for the key look again.
  void Wake(const Key& key);
  // Only notifies: of an event that is no change, or that comes with a change already told.
  void Notify(const Key& key, NotifyClass notify, std::string_view event);

  // ---- Replication ------------------------------------------------------------------------------
  // What replicas and the append-only file get of a command that Changed something: its own words.
  // Where they would not do the same there (times that count from now, members chosen at random,
  // waiting) the handler says what they get instead, effect by effect, in the order of the changes:
  //   c.ReplicateAs("PEXPIREAT", key.name, expiry_ms);
  // Also for commands that replicate without a change (PUBLISH): c.ReplicateAs(c.args).
  template <typename... Words>
  requires(sizeof...(Words) > 1) void ReplicateAs(const Words&... words) {
    replicated = true;
    if (effects == nullptr) [[likely]]
      return;
    const EffectWord texts[] = {EffectWord(words)...};
    std::string_view views[sizeof...(Words)];
    for (size_t i = 0; i < sizeof...(Words); ++i) views[i] = texts[i].view();
    effects->Add(db(), views);
  }
  void ReplicateAs(Args words);
  // The same where the effect is in another database than the command.
  void ReplicateIn(int database, Args words);
  // For a command that has nothing for replicas, although it Changed something.
  void ReplicateNothing() { replicated = true; }

  // ---- Replies ----------------------------------------------------------------------------------
  bool WrongType();    // answers WRONGTYPE; returns false
  void SyntaxError();  // "ERR syntax error"
  // Parses word `i`, or answers "ERR value is not an integer or out of range" (or `error`).
  bool Integer(size_t i, int64_t* value, std::string_view error = {});
  bool Integer(size_t i, int64_t least, int64_t most, int64_t* value, std::string_view error = {});
  bool Double(size_t i, double* value, std::string_view error = {});
  // The same for a time-out in whole milliseconds, whose end 64 bits must hold as well.
  bool TimeoutMs(size_t i, int64_t* timeout_ms);
  // Whether a time-out is one; where not, that is answered.
  bool CheckTimeout(long double timeout_ms);

  // The client's hard limit of output in bytes (client-output-buffer-limit); 0: none.
  size_t output_limit() const;
  // True when the reply is over it already: the client will be closed, and a long reply may stop.
  bool output_is_full() const;

  // ---- Waiting ----------------------------------------------------------------------------------
  // False in MULTI, in scripts, and where nobody could be woken: answer at once instead of parking.
  bool may_park() const;
  // Parks the client until one of its keys changes as `wait` says; the handler is then run again
  // from the start (client.woken). Write no reply; that after the time is over is in `wait`,
  // written by the handler in the client's protocol.
  void Park(Wait wait);

  // Keys that have changed while somebody waits for them; served by the dispatcher after the locks
  // are gone.
  ReadyKeys& ready;
  // The keys among the words, hashed by the dispatcher; where empty, key() hashes.
  std::span<const HashedKey> hashed = {};
  size_t next_hashed = 0;
  bool parked = false;  // set by Park
  // Where effects go; null while nobody reads the log.
  LogBlock* effects = nullptr;
  bool changed = false;     // set by Changed and Noted
  bool replicated = false;  // the handler has said what its effects are

 private:
  Key KeyAmongMany(std::string_view name, int of_db);
  // Inline: it is all that is done for a key of most commands.
  [[gnu::always_inline]] inline Entry* FindLive(const Key& key);
  // What a command sees of an entry whose time is over: nothing, as a rule.
  Entry* MeetExpired(const Key& key, Entry* entry);
  void NoteLocalExpiry(const Key& key);
  // What a new entry's access() is. InsertEntry gives it to every entry that it takes.
  uint32_t FirstAccess() const;
  // A string was `old` (which may be freed) and has grown: puts it in its place, counts its memory.
  Entry* Grown(const Key& key, const Entry* old, Entry* grown);
  void BeginChange(const Key& key, Entry* entry);
  bool EndChange(const Entry* entry);
};

}  // namespace larder
