// Replica: the running link. Commands go through the engine in the order of the stream; their bytes
// enter the log together with their effects, under the same locks.
#include <algorithm>

#include "protocol/limits.h"
#include "protocol/request_writer.h"
#include "replication/replica.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/numbers.h"
#include "server/base/quote.h"
#include "server/base/strings.h"

namespace larder {
namespace {

constexpr int64_t kAckMs = 1000;
constexpr size_t kMostErrorBytes = 128;  // of an error and of a command's name, in the log
// A primary that asks has clients who wait for acknowledgements, and more will: for so long each
// batch is acknowledged at once, so that the next WAIT finds it done.
constexpr int64_t kPromptMs = 10'000;
// While CLIENT PAUSE holds the stream: how often it is looked at, and how much is taken meanwhile.
constexpr int64_t kPausedMs = 5;
constexpr size_t kMostPausedBytes = size_t{64} << 20;
// Of a command or transaction that is not whole yet: whoever sends more is no primary.
constexpr size_t kMostCommandBytes = limits::kStreamBulkBytes;

}  // namespace

// Goes on where the last link ended. The primary's history may have another name by now, which our
// replicas must learn.
bool Replica::Continue(const Target& target, const SyncReply& answer) {
  GateClosed closed(engine_.gate, worker_.gate_slot);
  if (!Wanted(target)) return false;
  if (answer.id != history_.id()) {
    history_.Branch(engine_.log.offset(), answer.id);
    primary_.DropReplicas();
  }
  persistence_.NoteIncomplete(false);  // what there is of this history is here
  BeginBacklog();
  return true;
}

void Replica::Stream(PrimaryWire& wire, const Target& target) {
  stream_db_ = std::max(engine_.log.db(), 0);
  stream_generation_ = target.generation;
  if (!HasDatabase(stream_db_)) return;
  client_->db = stream_db_;
  progress_.last_io_ms.store(MonotonicMs(), std::memory_order_relaxed);
  SetState(target, State::kConnected);
  for (int64_t ack_ms = 0; Wanted(target);) {
    const bool paused = engine_.pause.by_client(WallMs());
    unapplied_bytes_.store(paused ? wire.input().size() : 0, std::memory_order_relaxed);
    if (!paused && !Apply(wire, target)) break;
    const int64_t now_ms = MonotonicMs();
    const bool prompt = now_ms < prompt_until_ms_ && engine_.log.offset() != acknowledged_;
    if (prompt || now_ms - ack_ms >= kAckMs) {
      if (!Acknowledge(wire)) break;
      ack_ms = now_ms;
    }
    if (paused && wire.input().size() > kMostPausedBytes) {
      if (!interrupter_.Sleep(kPausedMs)) break;
      continue;  // the primary keeps the rest
    }
    if (!wire.Receive(paused ? kPausedMs : ack_ms + kAckMs - now_ms)) break;
    progress_.last_io_ms.store(std::max(wire.last_io_ms(), progress_.last_io_ms.load()),
                               std::memory_order_relaxed);
    if (now_ms - progress_.last_io_ms.load() > timeout_ms()) {
      Log(LogLevel::kWarning, "MASTER timeout: no data nor PING received...");
      break;
    }
  }
  unapplied_bytes_.store(0, std::memory_order_relaxed);
  Log(LogLevel::kWarning, "Connection with master lost. ", wire.error());
}

// Whether the primary's database is one of ours: else its commands would change another.
bool Replica::HasDatabase(int64_t db) const {
  const int databases = engine_.keyspace.databases();
  if (db >= 0 && db < databases) return true;
  Log(LogLevel::kWarning, "The primary uses database ", db, " of ", databases,
      ": the directive databases must be larger");
  return false;
}

// Runs every whole command that has come. False: the link is of no use any more.
bool Replica::Apply(PrimaryWire& wire, const Target& target) {
  for (bool more = true; more && !wire.input().empty();) {
    const bool sound = ParseAhead(wire.input(), &more);
    engine_.gate.EnterWaiting(worker_.gate_slot);
    const bool usable = Wanted(target) && ApplyAhead(wire);
    engine_.gate.Leave(worker_.gate_slot);
    engine_.log.Announce();
    engine_.Settle(worker_);
    if (!sound) Log(LogLevel::kWarning, "Protocol error from the primary: ", parser_.error());
    if (!sound || !usable) return false;
  }
  if (wire.input().size() + block_.size() <= kMostCommandBytes) return true;
  Log(LogLevel::kWarning, "The primary sends a command without an end");
  return false;
}

// Fills ahead_ with the next commands. False: what comes behind them is no request.
bool Replica::ParseAhead(std::string_view input, bool* more) {
  static constexpr RequestParser::Limits kLimits = {.bulk_bytes = limits::kStreamBulkBytes};
  size_t position = 0;
  for (ahead_count_ = 0; ahead_count_ < ahead_.size();) {
    Ahead& next = ahead_[ahead_count_];
    size_t consumed = 0;
    const RequestParser::Result result =
        parser_.Next(input.substr(position), kLimits, next.words, &consumed);
    *more = result == RequestParser::Result::kRequest || result == RequestParser::Result::kEmpty;
    if (!*more) return result == RequestParser::Result::kNeedMore;
    position += consumed;
    next.bytes = input.substr(position - consumed, consumed);
    next.is_request = result == RequestParser::Result::kRequest;
    ++ahead_count_;
    if (parser_.rewritten()) break;  // the words lie in the parser, which the next would change
  }
  return true;
}

// Runs what was parsed, with the tables' and entries' memory on its way from the start.
bool Replica::ApplyAhead(PrimaryWire& wire) {
  worker_.now_ms = WallMs();
  const std::span<Ahead> ahead(ahead_.data(), ahead_count_);
  for (Ahead& each : ahead) {
    each.key_hash = each.is_request ? engine_.PrefetchSlot(*client_, each.words) : 0;
  }
  for (const Ahead& each : ahead) {
    if (each.key_hash != 0) engine_.PrefetchEntry(*client_, each.key_hash);
  }
  std::string_view unlogged;
  bool usable = true;
  for (size_t i = 0; usable && i < ahead.size(); ++i) {
    const Ahead& each = ahead[i];
    wire.Consume(each.bytes.size());
    if (!each.is_request) continue;
    worker_.foreseen =
        each.key_hash == 0 ? HashedKey{nullptr, 0} : HashedKey{each.words[1].data(), each.key_hash};
    const Command* command = engine_.commands.Resolve(each.words);
    if (!client_->transaction.active && Engine::TakesOneLock(command)) {
      Execute(command, each.words);
      if (unlogged.data() + unlogged.size() != each.bytes.data()) LogUpTo(&unlogged);
      if (unlogged.empty()) unlogged = each.bytes.substr(0, 0);
      unlogged = {unlogged.data(), unlogged.size() + each.bytes.size()};  // they are neighbours
    } else {
      LogUpTo(&unlogged);
      usable = ApplyOne(wire, command, each.words, each.bytes) && follows_on();
    }
  }
  LogUpTo(&unlogged);
  return usable;
}

// Commands that have run and are not in the log yet, which nobody can tell: the gate is not closed
// while this thread is inside.
void Replica::LogUpTo(std::string_view* unlogged) {
  if (!unlogged->empty()) engine_.log.AppendRaw(*unlogged, stream_db_);
  *unlogged = {};
}

void Replica::Execute(const Command* command, Args words) {
  engine_.Execute(worker_, *client_, command, words);
  if (!follows_on()) return client_->out.Clear();  // it was refused, see ApplyOne
  const std::string_view reply = client_->out.bytes().view();
  if (reply.starts_with('-')) {
    worker_.stats.unexpected_errors.Add(1);
    Log(LogLevel::kWarning, "== CRITICAL == This replica is sending an error to its master: '",
        Printable(reply.substr(1, std::min(reply.find('\r'), kMostErrorBytes) - 1)),
        "' after processing the command '", Printable(words[0].substr(0, kMostErrorBytes)), "'");
  }
  client_->out.Clear();
}

bool Replica::ApplyOne(PrimaryWire& wire, const Command* command, Args words,
                       std::string_view bytes) {
  const bool inside = client_->transaction.active;
  if (EqualsIgnoreCase(words[0], "replconf")) {
    // The answer counts the bytes before the question.
    const bool asked = words.size() > 1 && EqualsIgnoreCase(words[1], "getack");
    if (asked) {
      prompt_until_ms_ = MonotonicMs() + kPromptMs;
      if (!Acknowledge(wire)) return false;
    }
    engine_.log.AppendRaw(bytes, stream_db_);
    return true;
  }
  int64_t db;
  if (words.size() == 2 && EqualsIgnoreCase(words[0], "select") && ParseInt64(words[1], &db)) {
    if (!HasDatabase(db)) return false;
    stream_db_ = static_cast<int>(db);
  }
  // A transaction enters the log whole: a snapshot for a replica of ours may be cut meanwhile.
  const bool begins = EqualsIgnoreCase(words[0], "multi");
  const bool ends =
      inside && (EqualsIgnoreCase(words[0], "exec") || EqualsIgnoreCase(words[0], "discard"));
  if (begins || inside) {
    block_.Append(bytes);
    bytes = block_.view();
  }
  if (!begins && (!inside || ends)) worker_.effects.SetRaw(bytes, stream_db_);
  Execute(command, words);
  // The role has changed while the command waited for its turn behind the closed gate: it has not
  // run, and is no part of the history that goes on.
  if (!follows_on()) worker_.effects.Clear();
  engine_.CommitApart(worker_);  // what took no lock has not been appended yet
  if (ends) block_.ClearKeeping(kKeptBlockBytes);
  return true;
}

bool Replica::Acknowledge(PrimaryWire& wire) {
  std::string request;
  acknowledged_ = engine_.log.offset();
  const std::string offset = std::to_string(acknowledged_);
  const uint64_t synced = engine_.persistence->synced_offset();
  const std::string on_disk = std::to_string(synced);
  std::vector<std::string_view> words = {"REPLCONF", "ACK", offset};
  if (synced != PersistenceHost::kNothing) words.insert(words.end(), {"FACK", on_disk});
  AppendRequest(request, words);
  return wire.Send(request, timeout_ms());
}

}  // namespace larder
