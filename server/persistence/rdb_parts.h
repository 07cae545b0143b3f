// RdbParts: one RDB file written by several threads. Each has an RdbPart, in which it encodes and
// compresses keys by itself, since that is most of the work; the keys go into the file a chunk at a
// time, whole ones always. A key larger than a chunk streams through while its thread keeps the
// file, so memory is bounded by a chunk a thread however large a value is.
//
//   RdbSave whole(sink, options, limits);
//   whole.Begin(facts);
//   RdbParts parts(whole);
//   in every thread: RdbPart part(parts, options, limits); part.Key(db, entry); ... part.Finish();
//   whole.End();
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "server/base/mutex.h"
#include "server/persistence/rdb_save.h"

namespace larder {

// Any thread.
class RdbParts {
 public:
  explicit RdbParts(RdbSave& whole) : whole_(whole) {}
  RdbParts(const RdbParts&) = delete;
  RdbParts& operator=(const RdbParts&) = delete;

  // False when the sink has failed.
  bool ok() const { return ok_.load(std::memory_order_relaxed); }

 private:
  friend class RdbPart;

  Mutex mutex_;
  RdbSave& whole_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> ok_{true};
};

// One thread's. Key as in RdbSave; Finish when there are no more.
class RdbPart : private RdbSink {
 public:
  RdbPart(RdbParts& parts, RdbSave::Options options, const ValueLimits& limits);
  RdbPart(const RdbPart&) = delete;
  RdbPart& operator=(const RdbPart&) = delete;

  bool ok() const { return parts_.ok(); }
  void Key(int db, const Entry& entry) {
    save_.Key(db, entry);
    if (has_file_) [[unlikely]]
      GiveFile();
  }
  void Finish();

  static constexpr size_t kChunkBytes = 1024 * 1024;  // a lock and a system call for that many
  // What a part takes, with its buffers, whatever it writes.
  static constexpr size_t kMemoryBytes = kChunkBytes + 256 * 1024;

 private:
  bool Write(std::string_view bytes) override;
  void TakeFile();
  void GiveFile();

  RdbParts& parts_;
  RdbSave save_;         // into this
  std::string pending_;  // encoded, and not in the file yet; at most kChunkBytes and a buffer
  bool has_file_ = false;
};

}  // namespace larder
