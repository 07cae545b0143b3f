#include "replication/joining.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/replace_file.h"
#include "server/base/strings.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

constexpr const char* kFile = ".larder-restart";
constexpr std::string_view kServed = "served", kWaited = "joining";

}  // namespace

Joining::Joining(Engine& engine, std::atomic<bool>& joining) : engine_(engine), joining_(joining) {
  // The next start may look there.
  engine.config.AfterChange("dir", [this](const std::string&) {
    if (on()) NoteOrWarn(past_.load());
  });
}

std::string Joining::File() const { return StrCat(engine_.config.Text("dir"), "/", kFile); }

Joining::Past Joining::ReadPast() const {
  std::ifstream file(File());
  std::string word;
  if (!file.is_open()) return Past::kNone;
  file >> word;
  return word == kWaited ? Past::kJoining : Past::kServed;
}

int Joining::Note(Past past) {
  MutexLock lock(note_mutex_);
  past_.store(past);
  return ReplaceFile(File(), StrCat(past == Past::kJoining ? kWaited : kServed, "\n")).error;
}

void Joining::NoteOrWarn(Past past) {
  const int failure = Note(past);
  if (failure == 0) return;
  Log(LogLevel::kWarning, "protected-restart: can't write ", kFile, ": ", std::strerror(failure));
}

// Who has a primary in his configuration knows who it is.
bool Joining::Expect(std::string* error) {
  if (engine_.config.Text("protected-restart") != "yes") return true;
  past_.store(ReadPast());
  since_ms_.store(MonotonicMs());
  if (past_.load() != Past::kNone) {
    joining_.store(engine_.config.Text("replicaof").empty());
    return true;
  }
  const int failure = Note(Past::kServed);
  if (failure == 0) return true;
  *error = StrCat("protected-restart can't remember in ", kFile, " of `dir` that this server has ",
                  "served: ", std::strerror(failure));
  return false;
}

bool Joining::Decide(bool found_data) {
  if (!on()) return found_data;
  const bool whole = past_.load() == Past::kJoining ? !engine_.keyspace.empty() : found_data;
  if (!active() && !told_.load()) return whole;
  since_ms_.store(MonotonicMs());
  if (whole) {
    joining_.store(false);
    return true;
  }
  if (active()) {
    Log(LogLevel::kWarning,
        "protected-restart: this server has served before and has come back without its data. "
        "Until REPLICAOF says who is primary it answers PING with -HAJOINING and serves nobody, ",
        seconds_left(), " seconds at most");
  }
  if (past_.load() != Past::kJoining) NoteOrWarn(Past::kJoining);
  return false;
}

void Joining::End() {
  if (!active()) return;
  told_.store(true);  // first: Decide looks for one of the two
  if (!joining_.exchange(false)) return;
  Log(LogLevel::kNotice, "protected-restart: this server was told who is primary");
}

void Joining::Round(int64_t now_ms, absl::FunctionRef<bool()> settled) {
  if (now_ms >= deadline_ms() && joining_.exchange(false)) {
    Log(LogLevel::kWarning,
        "protected-restart: nobody has said who is primary: serving, without data");
  }
  if (past_.load() != Past::kJoining || active() || !settled()) return;
  NoteOrWarn(Past::kServed);
}

int64_t Joining::deadline_ms() const {
  return since_ms_.load() + engine_.config.settings().protected_restart_timeout_s * 1000;
}

int64_t Joining::seconds_left() const {
  return std::max<int64_t>((deadline_ms() - MonotonicMs() + 999) / 1000, 0);
}

}  // namespace larder
