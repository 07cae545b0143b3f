#include "replication/arriving_snapshot.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "replication/history.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"

namespace larder {
namespace {

constexpr std::string_view kEofForm = "$EOF:";

}  // namespace

bool ArrivingSnapshot::Begin() {
  std::string head;
  if (!wire_.ReadLine(&head, settings_.repl_timeout_s * 1000)) {
    Log(LogLevel::kWarning, "I/O error reading bulk count from MASTER: ", wire_.error());
    return false;
  }
  if (head.starts_with(kEofForm) && head.size() == kEofForm.size() + History::kIdLetters) {
    mark_ = head.substr(kEofForm.size());
  } else if (!head.starts_with('$') || !ParseUint64(std::string_view(head).substr(1), &total_)) {
    Log(LogLevel::kWarning, "Bad protocol from MASTER, instead of a snapshot it sent: ", head);
    return false;
  }
  whole_ = mark_.empty() && total_ == 0;
  progress_.bytes.store(0, std::memory_order_relaxed);
  progress_.total_bytes.store(static_cast<int64_t>(total_), std::memory_order_relaxed);
  Log(LogLevel::kNotice, "MASTER <-> REPLICA sync: receiving ",
      mark_.empty() ? StrCat(total_, " bytes from master to disk")
                    : "streamed RDB from master with EOF to disk");
  return true;
}

bool ArrivingSnapshot::Receive() {
  while (!whole_) {
    if (!ReceiveSome()) return false;
    passing_.Clear();  // nobody reads along any more
  }
  return true;
}

bool ArrivingSnapshot::Rewind() {
  if (kept_ && !Receive()) return false;
  file_.Rewind();
  if (!kept_) {
    Log(LogLevel::kWarning, "The snapshot would be needed from its beginning, but there was no ",
        "disk to keep it on: the full sync has failed");
  }
  return kept_;
}

size_t ArrivingSnapshot::Read(char* to, size_t most) {
  read_along_ = read_along_ || !whole_;
  while (file_.all_read() && passing_.empty() && !whole_) {
    if (!ReceiveSome()) return 0;
  }
  if (!passing_.empty()) {
    most = std::min(most, passing_.size());
    std::memcpy(to, passing_.data(), most);
    passing_.DropFront(most);
    return most;
  }
  const size_t size = file_.Read(to, most);
  if (size == 0 && !file_.all_read()) {
    Log(LogLevel::kWarning, "The snapshot can't be read from disk: ", std::strerror(file_.error()));
  }
  return size;
}

// Takes what there is, or waits for something. False when nothing more will come.
bool ArrivingSnapshot::ReceiveSome() {
  if (!mark_.empty()) return ReceiveMarked();
  const uint64_t left = total_ - received_;
  const std::string_view input =
      wire_.input().substr(0, static_cast<size_t>(std::min<uint64_t>(wire_.input().size(), left)));
  whole_ = input.size() == left;
  return input.empty() ? Wait() : Take(input);
}

// The mark may come in two pieces, so as many bytes as it has always wait for more.
bool ArrivingSnapshot::ReceiveMarked() {
  const size_t found = wire_.input().find(mark_);
  if (found != std::string_view::npos) {
    if (!Take(wire_.input().substr(0, found))) return false;
    wire_.Consume(mark_.size());
    whole_ = true;
    return true;
  }
  const size_t sure = wire_.input().size() - std::min(wire_.input().size(), mark_.size() - 1);
  return sure > 0 ? Take(wire_.input().substr(0, sure)) : Wait();
}

bool ArrivingSnapshot::Take(std::string_view bytes) {
  if (kept_ && !Keep(bytes)) return false;
  if (!kept_) passing_.Append(bytes);
  received_ += bytes.size();
  wire_.Consume(bytes.size());
  progress_.bytes.store(static_cast<int64_t>(received_), std::memory_order_relaxed);
  log_.At(received_, total_);
  return true;
}

// Who reads along has had all that is in the file, and can do without it.
bool ArrivingSnapshot::Keep(std::string_view bytes) {
  if (file_.Write(bytes)) return true;
  Log(LogLevel::kWarning, "The snapshot can't be written to disk: ", std::strerror(file_.error()),
      read_along_ ? "; it is loaded as it comes, and not kept" : "");
  if (!read_along_) return false;
  file_.Drop();
  kept_ = false;
  return true;
}

bool ArrivingSnapshot::Wait() {
  const int64_t timeout_ms = settings_.repl_timeout_s * 1000;
  const int64_t before_ms = wire_.last_io_ms();
  const bool open = wire_.Receive(timeout_ms);
  progress_.last_io_ms.store(wire_.last_io_ms(), std::memory_order_relaxed);
  const bool alive = wire_.last_io_ms() != before_ms || MonotonicMs() - before_ms < timeout_ms;
  if (open && alive) return true;
  Log(LogLevel::kWarning, "I/O error trying to sync with MASTER: ",
      open ? "it has been silent for repl-timeout" : wire_.error());
  return false;
}

}  // namespace larder
