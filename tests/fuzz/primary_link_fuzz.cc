// What a primary may send to a replica, of any bytes: the answer to PSYNC, and a snapshot with a
// length or an end mark. No crash, no read outside, no byte lost or made up, and an end.
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "replication/arriving_snapshot.h"
#include "replication/sync_reply.h"
#include "server/base/check.h"
#include "server/base/log.h"

namespace larder {
namespace {

// A connection on which these bytes have come, and then its end.
Socket Sent(std::string_view bytes) {
  int ends[2];
  CHECK(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  Socket near(ends[0]), far(ends[1]);
  CHECK(::send(far.fd(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return near;
}

void Receive(std::string_view bytes) {
  static const Interrupter& interrupter = *new Interrupter;
  static const Settings& settings = []() -> Settings& {
    auto& made = *new Settings;
    made.repl_timeout_s.Set(1);
    return made;
  }();
  Tally received;
  PrimaryWire wire(interrupter, received, Sent(bytes));
  std::string line;
  if (!wire.ReadLine(&line, 1000)) return;
  const SyncReply reply = SyncReply::Parse(line);
  CHECK(reply.id.empty() || reply.id.size() == 40);
  HiddenFile file("/tmp");
  ArrivingSnapshot::Progress progress;
  ArrivingSnapshot snapshot(wire, file, settings, progress);
  if (!snapshot.Begin()) return;
  std::string read;
  char step[100];
  while (const size_t size = snapshot.Read(step, sizeof(step))) read.append(step, size);
  CHECK(read.size() == file.size_bytes());
  const bool whole = snapshot.Receive();
  CHECK(!whole || snapshot.total_bytes() == read.size());
  // What was read stands in the input, in front of what has not been.
  const std::string_view rest = wire.input();
  CHECK(bytes.ends_with(rest) && bytes.find(read) != std::string_view::npos);
}

}  // namespace
}  // namespace larder

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMost = 64 * 1024;  // a socket takes that much at once
  larder::SetLogLevel(larder::LogLevel::kNothing);
  if (size > 0) larder::Receive({reinterpret_cast<const char*>(data), std::min(size, kMost)});
  return 0;
}
