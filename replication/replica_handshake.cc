// Replica: what it says to a primary before the stream flows, and what it makes of the answers.
#include <vector>

#include "protocol/request_writer.h"
#include "replication/replica.h"
#include "server/base/log.h"
#include "server/base/strings.h"

namespace larder {

// Sends a request and reads the reply's line.
bool Replica::Ask(PrimaryWire& wire, std::initializer_list<std::string_view> words,
                  std::string* reply) {
  return wire.Send(EncodeRequest(words), timeout_ms()) && wire.ReadLine(reply, timeout_ms());
}

bool Replica::Handshake(PrimaryWire& wire) {
  std::string reply;
  if (!Ask(wire, {"PING"}, &reply)) return false;
  const bool alive = reply.starts_with("+") || reply.starts_with("-NOAUTH") ||
                     reply.starts_with("-NOPERM") ||
                     reply.starts_with("-ERR operation not permitted");
  if (!alive) {
    Log(LogLevel::kWarning, "Error reply to PING from master: '", reply, "'");
    return false;
  }
  Log(LogLevel::kNotice, "Master replied to PING, replication can continue...");
  return Authenticate(wire) && Introduce(wire);
}

bool Replica::Authenticate(PrimaryWire& wire) {
  const std::string user = engine_.config.Text("masteruser");
  const std::string password = engine_.config.Text("masterauth");
  if (password.empty()) return true;
  std::string reply;
  const bool answered = user.empty() ? Ask(wire, {"AUTH", password}, &reply)
                                     : Ask(wire, {"AUTH", user, password}, &reply);
  if (!answered) return false;
  if (!reply.starts_with("-")) return true;
  Log(LogLevel::kWarning, "Unable to AUTH to MASTER: ", reply);
  return false;
}

// An old primary may know none of this: its errors do not matter.
bool Replica::Introduce(PrimaryWire& wire) {
  const int64_t announced = engine_.config.settings().replica_announce_port;
  const int64_t bound = engine_.port.load(std::memory_order_relaxed);
  const std::string port = std::to_string(announced != 0 ? announced : bound);
  const std::string ip = engine_.config.Text("replica-announce-ip");
  std::string reply;
  if (!Ask(wire, {"REPLCONF", "listening-port", port}, &reply)) return false;
  if (!ip.empty() && !Ask(wire, {"REPLCONF", "ip-address", ip}, &reply)) return false;
  return Ask(wire, {"REPLCONF", "capa", "eof", "capa", "psync2", "capa", "prompt-acks"}, &reply);
}

bool Replica::AskForStream(PrimaryWire& wire, const Target& target, SyncReply* answer) {
  using Kind = SyncReply::Kind;
  const std::string id = history_.id();
  const std::string next = std::to_string(engine_.log.offset() + 1);
  Log(LogLevel::kNotice, "Trying a partial resynchronization (request ", id, ":", next, ").");
  std::string line;
  const bool take_over = target.take_over == TakeOver::kAsked;
  const bool answered = take_over ? Ask(wire, {"PSYNC", id, next, "FAILOVER"}, &line)
                                  : Ask(wire, {"PSYNC", id, next}, &line);
  if (!answered) return false;
  *answer = SyncReply::Parse(line);
  switch (answer->kind) {
    case Kind::kFull:
      Log(LogLevel::kNotice, "Full resync from master: ", answer->id, ":", answer->offset);
      return true;
    case Kind::kWrong:
      Log(LogLevel::kWarning, "Master replied with wrong +FULLRESYNC syntax.");
      return false;
    case Kind::kContinue:
      if (answer->id.empty()) answer->id = id;
      Log(LogLevel::kNotice, "Successful partial resynchronization with master.");
      return true;
    case Kind::kLater:
      Log(LogLevel::kNotice,
          "Master is currently unable to PSYNC but should be in the future: ", line);
      return true;
    case Kind::kOther:
      break;
  }
  if (take_over) {
    Log(LogLevel::kWarning, "Unexpected reply to PSYNC FAILOVER from master: ", line);
    NoteTakeOver(target, TakeOver::kRefused);
    answer->kind = Kind::kLater;
    return true;
  }
  Log(LogLevel::kNotice, "Master does not support PSYNC (", line, "), falling back to SYNC");
  answer->kind = Kind::kFull;
  return wire.Send("SYNC\r\n", timeout_ms());
}

}  // namespace larder
