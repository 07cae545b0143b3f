// Replica: a full sync. The snapshot is received into a file, while the old data are still served,
// and loaded when it is whole (replica_load.cc).
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "replication/hidden_file.h"
#include "replication/replica.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"

namespace larder {
namespace {

constexpr std::string_view kEofForm = "$EOF:";
constexpr size_t kMarkBytes = 40;

}  // namespace

bool Replica::ReceiveSnapshot(PrimaryWire& wire, HiddenFile& file) {
  std::string head;
  if (!wire.ReadLine(&head, timeout_ms())) {
    Log(LogLevel::kWarning, "I/O error reading bulk count from MASTER: ", wire.error());
    return false;
  }
  std::string mark;
  uint64_t total = 0;
  if (head.starts_with(kEofForm) && head.size() == kEofForm.size() + kMarkBytes) {
    mark = head.substr(kEofForm.size());
  } else if (!head.starts_with('$') || !ParseUint64(std::string_view(head).substr(1), &total)) {
    Log(LogLevel::kWarning, "Bad protocol from MASTER, instead of a snapshot it sent: ", head);
    return false;
  }
  sync_bytes_.store(0, std::memory_order_relaxed);
  sync_total_bytes_.store(static_cast<int64_t>(total), std::memory_order_relaxed);
  Log(LogLevel::kNotice, "MASTER <-> REPLICA sync: receiving ",
      mark.empty() ? StrCat(total, " bytes from master to disk")
                   : "streamed RDB from master with EOF to disk");
  const bool whole =
      mark.empty() ? ReceiveSized(wire, file, total) : ReceiveMarked(wire, file, mark);
  if (!whole) Log(LogLevel::kWarning, "I/O error trying to sync with MASTER: ", wire.error());
  return whole;
}

bool Replica::ReceiveSized(PrimaryWire& wire, HiddenFile& file, uint64_t total) {
  while (file.size_bytes() < total) {
    const std::string_view input = wire.input().substr(
        0, static_cast<size_t>(std::min<uint64_t>(wire.input().size(), total - file.size_bytes())));
    if (!Keep(wire, file, input) || (file.size_bytes() < total && !ReceiveMore(wire))) return false;
  }
  return true;
}

// The mark may come in two pieces, so as many bytes as it has always wait for more.
bool Replica::ReceiveMarked(PrimaryWire& wire, HiddenFile& file, const std::string& mark) {
  for (;;) {
    const size_t found = wire.input().find(mark);
    if (found != std::string_view::npos) {
      if (!Keep(wire, file, wire.input().substr(0, found))) return false;
      wire.Consume(mark.size());
      return true;
    }
    const size_t sure = wire.input().size() - std::min(wire.input().size(), mark.size() - 1);
    if (!Keep(wire, file, wire.input().substr(0, sure)) || !ReceiveMore(wire)) return false;
  }
}

bool Replica::Keep(PrimaryWire& wire, HiddenFile& file, std::string_view bytes) {
  if (!file.Write(bytes)) {
    Log(LogLevel::kWarning, "The snapshot can't be written to disk: ", std::strerror(errno));
    return false;
  }
  wire.Consume(bytes.size());
  sync_bytes_.store(static_cast<int64_t>(file.size_bytes()), std::memory_order_relaxed);
  return true;
}

bool Replica::ReceiveMore(PrimaryWire& wire) {
  const int64_t before_ms = wire.last_io_ms();
  if (!wire.Receive(timeout_ms())) return false;
  last_io_ms_.store(wire.last_io_ms(), std::memory_order_relaxed);
  return wire.last_io_ms() != before_ms || MonotonicMs() - before_ms < timeout_ms();
}

}  // namespace larder
