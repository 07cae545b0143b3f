// The logger: lines for people, in Redis' format `pid:M 01 Jan 2026 10:00:00.000 * message`. (The
// log is the replication log.)
//
// Any thread. A full disk or a stopped terminal blocks the writer, and with him who waits for what
// he holds: never under the lock of a shard or another one that a request takes on its way
// (Worker::LogLater keeps such lines). Under the mutex of something rare (a file of the append-only
// file is opened, a FAILOVER begins) and behind the closed gate only what belongs there: of a load,
// a save, a new role, a script.
//
//   Log(LogLevel::kNotice, "Ready to accept connections on port ", port);
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "server/base/strings.h"

namespace larder {

enum class LogLevel { kDebug, kVerbose, kNotice, kWarning, kNothing };

// What the process is, one letter in each line.
enum class LogRole : char { kPrimary = 'M', kReplica = 'S' };

namespace log_internal {
extern std::atomic<LogLevel> level;
void Write(LogLevel line_level, std::string_view text);
}  // namespace log_internal

// Lines below the level are dropped before their text is built. The text is cut at 4096 bytes.
template <typename... Pieces>
void Log(LogLevel level, const Pieces&... pieces) {
  if (level < log_internal::level.load(std::memory_order_relaxed)) return;
  log_internal::Write(level, StrCat(pieces...));
}

// "debug", "verbose", "notice", "warning", "nothing".
std::optional<LogLevel> ParseLogLevel(std::string_view name);

void SetLogLevel(LogLevel level);
void SetLogRole(LogRole role);

// Appends to the file from now on; "" is standard output. False, with the reason in *error, when
// the file can't be opened: lines go where they went before.
bool OpenLog(const std::string& path, std::string* error);

// Opens the file again where another one has its name by now, or none: logrotate has moved it away.
// Does nothing for standard output.
void ReopenMovedLog();

}  // namespace larder
