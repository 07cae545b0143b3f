// ReplicationLog: the Redis replication stream of this server. Whatever changes data is appended
// once; replicas, the append-only file and the backlog read it. A byte's offset is its place in
// the history: offset() is what Redis calls master_repl_offset.
//
//   writer: encode a LogBlock; under the locks of its shards:
//           log.AppendBlock(block, transaction); after them: log.Announce()
//   reader: auto reader = log.ReadFrom(offset); on the callback of OnNews: reader->Read(...)
//
// Any thread, except where said. The log's mutex comes last in the lock order and is held to copy
// bytes in, or to take references out, never while a reader is sending.
//
// Bytes lie in chunks that are shared by reference: what a reader has taken stays where it is
// however long it sends. Kept are the last `window` bytes (repl-backlog-size) and what the slowest
// reader has not taken yet; whoever owns a reader bounds how far it may fall behind (lag) and gives
// it up beyond. With neither window nor reader the log collects nothing, and a command pays one
// relaxed load.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "replication/log/log_block.h"
#include "server/base/mutex.h"

namespace larder {

class LogReader;

class ReplicationLog {
 public:
  // Large enough that few pieces go to a send, small enough for the smallest backlog, which has
  // 16 KiB; with its header and the count of its owners a chunk fills a size class of the
  // allocator's.
  static constexpr size_t kChunkMemory = 16 * 1024;
  static constexpr size_t kChunkBytes = kChunkMemory - 64;

  struct Chunk {
    explicit Chunk(uint64_t first) : begin(first) {}
    const uint64_t begin;  // offset of its first byte
    size_t size = 0;       // guarded by the log's mutex; bytes below it do not change any more
    char bytes[kChunkBytes];
  };
  // Bytes of the stream, which stay valid as long as the piece.
  struct Piece {
    std::shared_ptr<const Chunk> chunk;
    std::string_view bytes;
  };
  // A place between two blocks. Blocks without keys (PUBLISH, PING) come outside the gate too, so
  // what is read one after the other may be of two places, even where the gate is closed.
  struct Place {
    uint64_t offset;
    int db;  // that the stream is in; LogBlock::kAnyDb: the next block selects
  };

  ReplicationLog() = default;
  ~ReplicationLog();
  ReplicationLog(const ReplicationLog&) = delete;
  ReplicationLog& operator=(const ReplicationLog&) = delete;

  // ---- Writing ----------------------------------------------------------------------------------
  // True when effects are to be collected and appended. Changes only while nobody is between a
  // change and its append: behind the closed gate.
  bool collects() const { return collects_.load(std::memory_order_relaxed); }
  // Appends the effects as one piece, SELECT before it where the stream is in another database, and
  // MULTI and EXEC around more than one effect if they are a `transaction`. Returns the offset
  // after it.
  uint64_t AppendBlock(const LogBlock& block, bool transaction);
  // A replica's way: the primary's bytes as they came, which leave the stream in database `db`.
  uint64_t AppendRaw(std::string_view bytes, int db);
  // From here on nothing is appended any more: the data hold what no reader must have. The server
  // is about to end.
  void Seal();
  bool sealed() const { return sealed_.load(std::memory_order_acquire); }
  // Calls the readers' callbacks if there are bytes they have not been told of. REQUIRES: no lock
  // is held.
  void Announce() {
    if (news_.load(std::memory_order_relaxed)) [[unlikely]]
      CallReaders();
  }

  // ---- History ----------------------------------------------------------------------------------
  uint64_t offset() const { return offset_.load(std::memory_order_acquire); }
  // The first byte that is still here, and how many there are from it on.
  uint64_t first_offset() const;
  size_t size() const { return static_cast<size_t>(offset() - first_offset()); }
  size_t memory_bytes() const;
  Place end() const;
  int db() const { return end().db; }

  // The number of bytes to keep, readers or not; 0: none. The first call with more than 0 begins
  // the backlog.
  void SetWindow(size_t bytes);
  // The same for a backlog that there is; otherwise nothing.
  void ResizeWindow(size_t bytes);
  size_t window() const;
  // Another history begins: `offset`, no bytes, no database selected. Readers are lost.
  void Restart(uint64_t offset, int db);
  // The next block begins with SELECT, for a reader that starts there: at the place it answers. A
  // primary's stream does not select anew for us.
  Place SelectAnew();
  // While raw, commands collect no effects: the stream is the primary's.
  void SetRaw(bool raw);

  // ---- Reading ----------------------------------------------------------------------------------
  // A reader of the bytes from `offset` on. Null where these are gone, or not there yet.
  std::unique_ptr<LogReader> ReadFrom(uint64_t offset);
  // A reader of what comes; the next block selects its database. `place`: of SelectAnew.
  std::unique_ptr<LogReader> ReadFromEnd(Place* place = nullptr);
  // Called by Announce, on the thread that announces; must be quick. Before threads start.
  void OnNews(std::function<void()> callback) { on_news_.push_back(std::move(callback)); }

 private:
  friend class LogReader;

  void CallReaders();
  void Append(std::string_view bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Publish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Overfull() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Trim() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t KeptFrom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  uint64_t FirstOffset() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Decide() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Place SelectAnewLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::atomic<bool> collects_{false};
  std::atomic<bool> news_{false};
  std::atomic<uint64_t> offset_{0};
  std::vector<std::function<void()>> on_news_;

  mutable Mutex mutex_;
  std::deque<std::shared_ptr<Chunk>> chunks_ ABSL_GUARDED_BY(mutex_);
  uint64_t end_ ABSL_GUARDED_BY(mutex_) = 0;    // offset_, before it is published
  uint64_t begin_ ABSL_GUARDED_BY(mutex_) = 0;  // nothing before it was ever kept
  size_t window_ ABSL_GUARDED_BY(mutex_) = 0;
  int db_ ABSL_GUARDED_BY(mutex_) = LogBlock::kAnyDb;
  bool raw_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<bool> sealed_{false};
  std::vector<LogReader*> readers_ ABSL_GUARDED_BY(mutex_);
};

// A place in the log, from which bytes are taken in order. One thread at a time; the log outlives
// it.
class LogReader {
 public:
  ~LogReader();
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  // Takes the next bytes, at most about `most` (at least one piece, if there is any). False: the
  // history this reader read is over; it gets nothing any more.
  bool Read(size_t most, std::vector<ReplicationLog::Piece>& pieces);
  // Bytes that it has not taken.
  size_t lag() const;
  uint64_t offset() const;  // of the next byte it takes

 private:
  friend class ReplicationLog;
  LogReader(ReplicationLog& log, uint64_t offset) : log_(log), offset_(offset) {}

  ReplicationLog& log_;
  // Guarded by the log's mutex, which the analysis does not recognize from both sides.
  uint64_t offset_;
  bool lost_ = false;
};

}  // namespace larder
