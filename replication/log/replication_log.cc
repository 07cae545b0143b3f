#include "replication/log/replication_log.h"

#include <algorithm>
#include <cstring>

#include "server/base/check.h"

namespace larder {
namespace {

constexpr std::string_view kMulti = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view kExec = "*1\r\n$4\r\nEXEC\r\n";

// Has the lines fetched that the next blocks are written into: a chunk that comes back after a
// whole window is cold, and who releases the log's lock would wait for what he wrote.
void FetchAhead(ReplicationLog::Chunk& chunk) {
  constexpr size_t kLine = 64, kFirst = 2 * kLine, kEnd = 6 * kLine;
  if (chunk.size + kEnd > ReplicationLog::kChunkBytes) return;
  for (size_t ahead = kFirst; ahead < kEnd; ahead += kLine) {
    __builtin_prefetch(chunk.bytes + chunk.size + ahead, 1);
  }
}

}  // namespace

ReplicationLog::~ReplicationLog() {
  MutexLock lock(mutex_);
  CHECK(readers_.empty());
}

uint64_t ReplicationLog::AppendBlock(const LogBlock& block, bool transaction) {
  if (block.raw()) return AppendRaw(block.bytes(), block.last_db());
  MutexLock lock(mutex_);
  if (sealed()) return end_;
  if (block.first_db() != LogBlock::kAnyDb && block.first_db() != db_) {
    Append(LogBlock::Select(block.first_db()));
  }
  if (block.last_db() != LogBlock::kAnyDb) db_ = block.last_db();
  const bool wrap = transaction && block.effects() > 1;
  if (wrap) Append(kMulti);
  Append(block.bytes());
  if (wrap) Append(kExec);
  Publish();
  return end_;
}

uint64_t ReplicationLog::AppendRaw(std::string_view bytes, int db) {
  MutexLock lock(mutex_);
  if (sealed()) return end_;
  Append(bytes);
  db_ = db;
  Publish();
  return end_;
}

void ReplicationLog::Seal() {
  MutexLock lock(mutex_);
  sealed_.store(true, std::memory_order_release);
}

void ReplicationLog::CallReaders() {
  if (!news_.exchange(false, std::memory_order_acq_rel)) return;
  for (const std::function<void()>& callback : on_news_) callback();
}

void ReplicationLog::Append(std::string_view bytes) {
  const bool kept = window_ > 0 || !readers_.empty();
  if (!kept) {
    end_ += bytes.size();
    begin_ = end_;
    return;
  }
  while (!bytes.empty()) {
    if (chunks_.empty() || chunks_.back()->size == kChunkBytes) {
      Trim();
      chunks_.push_back(std::make_shared<Chunk>(end_));
    }
    Chunk& chunk = *chunks_.back();
    const size_t fits = std::min(bytes.size(), kChunkBytes - chunk.size);
    std::memcpy(chunk.bytes + chunk.size, bytes.data(), fits);
    chunk.size += fits;
    FetchAhead(chunk);
    end_ += fits;
    bytes.remove_prefix(fits);
  }
}

void ReplicationLog::Publish() {
  offset_.store(end_, std::memory_order_release);
  if (!readers_.empty()) news_.store(true, std::memory_order_relaxed);
}

uint64_t ReplicationLog::KeptFrom() const {
  uint64_t from = end_ - std::min<uint64_t>(window_, end_);
  for (const LogReader* reader : readers_) {
    if (!reader->lost_) from = std::min(from, reader->offset_);
  }
  return std::max(from, begin_);
}

uint64_t ReplicationLog::FirstOffset() const {
  return chunks_.empty() ? end_ : std::max(chunks_.front()->begin, KeptFrom());
}

// Whether a reader that has caught up may leave much behind that nobody needs: what came with a
// large value would stay until as much as a chunk holds has come after it.
bool ReplicationLog::Overfull() const {
  constexpr size_t kSpareChunks = 64;
  return chunks_.size() > window_ / kChunkBytes + kSpareChunks;
}

// Chunks that nobody needs are freed when the next one is made, when a reader goes, and when one
// has read what was Overfull.
void ReplicationLog::Trim() {
  const uint64_t from = KeptFrom();
  while (!chunks_.empty() && chunks_.front()->begin + chunks_.front()->size <= from) {
    chunks_.pop_front();
  }
}

void ReplicationLog::Decide() {
  const bool kept = window_ > 0 || !readers_.empty();
  collects_.store(kept && !raw_, std::memory_order_relaxed);
  if (!kept) {
    chunks_.clear();
    begin_ = end_;
    if (!raw_) db_ = LogBlock::kAnyDb;  // a primary's stream goes on in its database
  }
}

uint64_t ReplicationLog::first_offset() const {
  MutexLock lock(mutex_);
  return FirstOffset();
}

size_t ReplicationLog::memory_bytes() const {
  MutexLock lock(mutex_);
  return chunks_.size() * (kChunkMemory + sizeof(chunks_.front()));
}

ReplicationLog::Place ReplicationLog::end() const {
  MutexLock lock(mutex_);
  return {end_, db_};
}

void ReplicationLog::SetWindow(size_t bytes) {
  MutexLock lock(mutex_);
  window_ = bytes;
  Trim();
  Decide();
}

void ReplicationLog::ResizeWindow(size_t bytes) {
  MutexLock lock(mutex_);
  if (window_ == 0) return;
  window_ = bytes;
  Trim();
}

size_t ReplicationLog::window() const {
  MutexLock lock(mutex_);
  return window_;
}

void ReplicationLog::Restart(uint64_t offset, int db) {
  MutexLock lock(mutex_);
  for (LogReader* reader : readers_) reader->lost_ = true;
  chunks_.clear();
  begin_ = end_ = offset;
  db_ = db;
  Publish();
}

ReplicationLog::Place ReplicationLog::SelectAnew() {
  MutexLock lock(mutex_);
  return SelectAnewLocked();
}

ReplicationLog::Place ReplicationLog::SelectAnewLocked() {
  if (!raw_) db_ = LogBlock::kAnyDb;
  return {end_, db_};
}

void ReplicationLog::SetRaw(bool raw) {
  MutexLock lock(mutex_);
  raw_ = raw;
  Decide();
}

std::unique_ptr<LogReader> ReplicationLog::ReadFrom(uint64_t offset) {
  MutexLock lock(mutex_);
  if (offset < FirstOffset() || offset > end_) return nullptr;
  std::unique_ptr<LogReader> reader(new LogReader(*this, offset));
  readers_.push_back(reader.get());
  Decide();
  return reader;
}

std::unique_ptr<LogReader> ReplicationLog::ReadFromEnd(Place* place) {
  MutexLock lock(mutex_);
  std::unique_ptr<LogReader> reader(new LogReader(*this, end_));
  readers_.push_back(reader.get());
  const Place end = SelectAnewLocked();
  if (place != nullptr) *place = end;
  Decide();
  return reader;
}

LogReader::~LogReader() {
  MutexLock lock(log_.mutex_);
  std::erase(log_.readers_, this);
  log_.Trim();
  log_.Decide();
}

bool LogReader::Read(size_t most, std::vector<ReplicationLog::Piece>& pieces) {
  MutexLock lock(log_.mutex_);
  if (lost_) return false;
  if (offset_ == log_.end_) return true;
  // Nearly always the last chunk; else the one that holds the offset.
  auto chunk = std::prev(log_.chunks_.end());
  while ((*chunk)->begin > offset_) --chunk;
  size_t taken = 0;
  for (; chunk != log_.chunks_.end() && taken < most; ++chunk) {
    const size_t from = static_cast<size_t>(offset_ - (*chunk)->begin);
    const size_t size = std::min((*chunk)->size - from, most - taken);
    if (size == 0) continue;
    pieces.push_back({*chunk, {(*chunk)->bytes + from, size}});
    offset_ += size;
    taken += size;
  }
  if (log_.Overfull()) [[unlikely]]
    log_.Trim();
  return true;
}

size_t LogReader::lag() const {
  MutexLock lock(log_.mutex_);
  return lost_ ? 0 : static_cast<size_t>(log_.end_ - offset_);
}

uint64_t LogReader::offset() const {
  MutexLock lock(log_.mutex_);
  return offset_;
}

}  // namespace larder
