#include "server/server.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <sstream>
#include <thread>

#include "replication/commands.h"
#include "replication/replication.h"
#include "server/acl/user_list.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/base/mutex.h"
#include "server/base/oom_score.h"
#include "server/base/strings.h"
#include "server/commands/client_info.h"
#include "server/commands/commands.h"
#include "server/config/config.h"
#include "server/config/elasticache.h"
#include "server/config/words.h"
#include "server/engine/engine.h"
#include "server/engine/keeper.h"
#include "server/engine/refusals.h"
#include "server/engine/worker.h"
#include "server/net/net.h"
#include "server/persistence/persistence.h"
#include "server/script/scripting.h"

namespace larder {
namespace {

constexpr std::chrono::milliseconds kLook{5};  // between two, at what a shutdown waits for

// Threads are for cores: with one or two, one loop is the cheapest per request; more than eight
// loops were never worth their cost for the replies of a shop.
int ChooseThreads(int64_t configured) {
  if (configured > 0) return static_cast<int>(configured);
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return cores <= 2 ? 1 : std::min(cores, 8);
}

std::string ExecutablePath() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : "";
}

// Keeps the score that the directives ask for in the present role. False: the kernel does not allow
// it.
bool ApplyOomScore(const Config& config, OomScore& oom_score, std::string* error) {
  int primary = 0, replica = 0;
  std::istringstream(config.Text("oom-score-adj-values")) >> primary >> replica;
  const bool follows = !config.Text("replicaof").empty();
  return oom_score.Apply(config.Text("oom-score-adj"), follows ? replica : primary, error);
}

// The commands under the names that clients may use. Nothing, with the reason, where a line of
// rename-command is wrong.
std::optional<CommandTable> NamedCommands(const Config& config,
                                          std::span<const std::span<const Command>> rows,
                                          std::string* error) {
  CommandTable table(rows);
  for (const std::string& line : config.Lines("rename-command")) {
    const std::vector<std::string> names = ValueWords(line);
    *error = table.Rename(names[0], names[1]);
    if (error->empty()) continue;
    *error = StrCat("rename-command ", line, ": ", *error);
    return std::nullopt;
  }
  if (!config.settings().elasticache) return table;
  for (std::string_view name : elasticache::kRestricted) table.Rename(name, "");
  return table;
}

// Those of the configuration, or those of the ACL file.
bool LoadUsers(Engine& engine, std::string* error) {
  const std::string path = engine.config.Path("aclfile");
  const std::vector<std::string> lines = engine.config.Lines("user");
  if (!path.empty() && !lines.empty()) {
    *error =
        "There are users in the configuration file, and an ACL file is named: which of them holds? "
        "Please define either an ACL file or users in the configuration, but not both.";
    return false;
  }
  std::vector<UserRef> gone;
  *error = path.empty() ? LoadConfiguredUsers(lines, engine.users)
                        : LoadUserFile(path, engine.users, &gone);
  engine.config.OnRewrite("user", [&engine, path] {
    return path.empty() ? ConfigLines(engine.users) : std::vector<std::string>();
  });
  return error->empty();
}

// Whether these words of SHUTDOWN want nobody waited for.
bool SaysNow(const std::string& text) {
  const std::vector<std::string> words = ValueWords(text);
  return std::any_of(words.begin(), words.end(),
                     [](const auto& word) { return EqualsIgnoreCase(word, "now"); });
}

std::vector<std::span<const Command>> AllRows() {
  std::vector<std::span<const Command>> rows = AllCommands();
  rows.push_back(ReplicationCommands());
  return rows;
}

}  // namespace

// In the order in which they are built; torn down in reverse.
struct Server::Rooms {
  Config config;
  OomScore oom_score;
  std::vector<std::span<const Command>> rows = AllRows();
  std::optional<Engine> engine;
  std::optional<Scripting> scripting;
  std::optional<Persistence> persistence;
  std::optional<Replication> replication;
  std::optional<Keeper> keeper;
  std::optional<Net> net;
  // What a thread that takes signals may touch; null while the server is being built.
  Persistence* ForSignals() const { return for_signals.load(std::memory_order_acquire); }
  std::atomic<Persistence*> for_signals{nullptr};

  // A shutdown that may still fail.
  struct Request {
    std::string words;         // of SHUTDOWN
    bool by_command = false;   // somebody is told where it can't be now
    bool ends_script = false;  // NOSAVE, while a script is busy
  };
  void Ask(Request asked);
  bool AwaitScript(Request& request);
  bool AwaitReplicas(const std::string& words);
  bool stops_now = false;  // SHUTDOWN NOW, a failed start; for the thread that waits and stops

  Mutex mutex;
  CondVar changed;
  bool shutdown_requested ABSL_GUARDED_BY(mutex) = false;
  // How far a shutdown that may still fail has come.
  enum class Phase { kNone, kAwaitsScript, kPastScript };
  Phase phase ABSL_GUARDED_BY(mutex) = Phase::kNone;
  std::optional<Request> next ABSL_GUARDED_BY(mutex);
};

Server::Server(ServerOptions options)
    : options_(std::move(options)), rooms_(std::make_unique<Rooms>()) {}

Server::~Server() { Stop(); }

bool Server::Load(std::string* error) { return Reach(State::kLoaded, error); }
bool Server::Listen(std::string* error) { return Reach(State::kListening, error); }
bool Server::Start(std::string* error) { return Reach(State::kRunning, error); }

bool Server::Reach(State wanted, std::string* error) {
  static constexpr std::string_view kAlready[] = {"", "has loaded its configuration", "listens",
                                                  "runs", "has ended"};
  static constexpr bool (Server::*kSteps[])(std::string*) = {&Server::ReadConfiguration,
                                                             &Server::Bind, &Server::Serve};
  if (state_ >= wanted) {
    *error = StrCat("This server ", kAlready[static_cast<size_t>(state_)],
                    " already: each step is taken once");
    return false;
  }
  error->clear();
  while (state_ < wanted) {
    const auto state = static_cast<size_t>(state_);
    if (!(this->*kSteps[state])(error)) {
      rooms_->stops_now = true;  // nobody has been promised anything
      Stop();
      return false;
    }
    state_ = static_cast<State>(state + 1);
  }
  return true;
}

bool Server::ReadConfiguration(std::string* error) {
  std::vector<std::string> arguments = options_.arguments;
  if (options_.port.has_value()) {
    arguments.insert(arguments.end(), {"--port", std::to_string(*options_.port)});
  }
  return rooms_->config.Load(arguments, error);
}

Config& Server::config() { return rooms_->config; }

bool Server::Bind(std::string* error) {
  Rooms& rooms = *rooms_;
  for (const std::string& notice : rooms.config.notices()) Log(LogLevel::kNotice, notice);
  if (!ApplyOomScore(rooms.config, rooms.oom_score, error)) return false;
  for (const std::string_view name : {"oom-score-adj", "oom-score-adj-values"}) {
    rooms.config.OnChange(name, [&rooms](const std::string&, std::string* reason) {
      return ApplyOomScore(rooms.config, rooms.oom_score, reason);
    });
  }
  std::optional<CommandTable> table = NamedCommands(rooms.config, rooms.rows, error);
  if (!table) return false;
  Engine& engine = rooms.engine.emplace(rooms.config, *std::move(table));
  engine.describe_client = [](const Client& client, int64_t now_ms) {
    return DescribeClient(client, now_ms);
  };
  if (!LoadUsers(engine, error)) return false;
  engine.scripts = &rooms.scripting.emplace();
  Persistence& persistence = rooms.persistence.emplace(engine);
  engine.persistence = &persistence;
  rooms.for_signals.store(&persistence, std::memory_order_release);
  Replication& replication = rooms.replication.emplace(engine, persistence);
  engine.replication = &replication;
  replication.on_role = [&rooms] {
    std::string reason;
    if (!ApplyOomScore(rooms.config, rooms.oom_score, &reason)) Log(LogLevel::kWarning, reason);
  };
  persistence.on_cut = [&replication](RdbFacts& facts) { replication.AddFacts(facts); };
  persistence.on_sync = [&replication] { replication.primary().NoteSynced(); };
  persistence.take_fact = [&replication](std::string_view name, std::string_view value) {
    replication.Restore(name, value);
  };
  persistence.take_expired = [&replication](int db, std::string_view key) {
    replication.NoteExpired(db, key);
  };
  engine.io_threads = ChooseThreads(rooms.config.settings().io_threads);
  engine.config_file = rooms.config.file();
  engine.executable = ExecutablePath();
  engine.request_shutdown = [&rooms](std::string words) {
    rooms.Ask({.words = std::move(words),
               .by_command = true,
               .ends_script = ScriptIsBusy(*rooms.engine)});
  };
  Net& net = rooms.net.emplace(engine);
  if (!replication.Expect(error)) return false;
  if (options_.port == 0) net.ListenAnywhere();
  return net.Listen(error);
}

bool Server::Serve(std::string* error) {
  Rooms& rooms = *rooms_;
  Persistence& persistence = *rooms.persistence;
  Replication& replication = *rooms.replication;
  Net& net = *rooms.net;
  rooms.keeper.emplace(*rooms.engine);
  persistence.ExpectFile();
  net.Start();
  // Who waits for this line connects: not before the port is ours, and not after loading only.
  Log(LogLevel::kNotice, "Listening on port ", net.port(), ", PID: ", getpid());
  if (!persistence.LoadAtStart(error)) return false;
  if (persistence.load_stopped()) return true;  // Wait prepares the end
  replication.Decide(persistence.found_data());
  replication.Start();
  serves_ = true;
  return true;
}

int Server::port() const { return rooms_->net.has_value() ? rooms_->net->port() : 0; }

void Server::Wait() {
  Rooms& rooms = *rooms_;
  while (state_ == State::kRunning) {
    Rooms::Request request;
    {
      MutexLock lock(rooms.mutex);
      while (!rooms.shutdown_requested && !rooms.next) rooms.changed.Wait(rooms.mutex);
      if (rooms.shutdown_requested) return;
      request = *std::exchange(rooms.next, std::nullopt);
    }
    rooms.engine->stopping.Begin();
    if (rooms.AwaitScript(request) && rooms.AwaitReplicas(request.words) &&
        rooms.persistence->PrepareShutdown(request.words, !request.by_command) &&
        rooms.engine->stopping.Decide()) {
      if (request.ends_script) rooms.scripting->Abort();
      rooms.stops_now = SaysNow(request.words);
      return;
    }
    rooms.persistence->AllowLoading();
    {
      // Who has asked meanwhile hears of this failure as well; SHUTDOWN ABORT calls off all.
      MutexLock lock(rooms.mutex);
      rooms.next.reset();
      rooms.phase = Rooms::Phase::kNone;
    }
    rooms.engine->stopping.Fail();
  }
}

// The first decides, be it under way already. One that ends a script comes before those that wait
// for it.
void Server::Rooms::Ask(Request asked) {
  bool ends_now;
  {
    MutexLock lock(mutex);
    // One that was at the gate already when the shutdown looked: the save waits behind it.
    ends_now = asked.ends_script && phase == Phase::kPastScript;
    if (!next || asked.ends_script) next = std::move(asked);
  }
  if (ends_now) scripting->Abort();
  if (Persistence* persistence_room = ForSignals()) persistence_room->AbortLoading();
  changed.NotifyAll();
}

// False: the shutdown was called off.
bool Server::Rooms::AwaitScript(Request& request) {
  MutexLock lock(mutex);
  bool called_off = false;
  phase = Phase::kAwaitsScript;
  while (scripting->running() && !request.ends_script && !called_off) {
    changed.WaitFor(mutex, kLook);
    if (next && next->ends_script) request = *std::exchange(next, std::nullopt);
    called_off = shutdown_requested || engine->stopping.aborted();
  }
  phase = called_off ? Phase::kNone : Phase::kPastScript;
  return !called_off;
}

// Replicas get as long as shutdown-timeout to take what they lack. False: the shutdown was called
// off.
bool Server::Rooms::AwaitReplicas(const std::string& words) {
  Stopping& stopping = engine->stopping;
  const int64_t timeout_s = config.settings().shutdown_timeout_s;
  const bool now = SaysNow(words);
  while (!now && engine->timers_paused.load() && !stopping.aborted()) {
    MutexLock lock(mutex);
    changed.WaitFor(mutex, kLook);
  }
  if (!now && timeout_s > 0 && !replication->InStep()) {
    Log(LogLevel::kNotice, "Waiting for replicas before shutting down.");
    stopping.SetDeadline(MonotonicMs() + timeout_s * 1000);
    replication->primary().AskForAcks();
    MutexLock lock(mutex);
    while (!stopping.aborted() && stopping.left_ms() > 1 && !replication->InStep()) {
      changed.WaitFor(mutex, kLook);
    }
    stopping.SetDeadline(0);
  }
  if (stopping.aborted()) return false;
  replication->LogLag();
  return true;
}

void Server::RequestShutdown(std::string words) { rooms_->Ask({.words = std::move(words)}); }

void Server::RequestShutdown() {
  {
    MutexLock lock(rooms_->mutex);
    rooms_->shutdown_requested = true;
  }
  rooms_->changed.NotifyAll();
}

bool Server::saving_to_stop() const {
  const Persistence* persistence = rooms_->ForSignals();
  if (persistence == nullptr) return false;
  MutexLock lock(rooms_->mutex);
  return persistence->saving_to_stop() || rooms_->phase == Rooms::Phase::kAwaitsScript ||
         rooms_->engine->stopping.left_ms() > 0;
}

void Server::DropUnfinishedFiles() const {
  if (const Persistence* persistence = rooms_->ForSignals()) persistence->DropUnfinishedFiles();
}

void Server::Stop() {
  state_ = State::kEnded;
  if (rooms_->net.has_value()) rooms_->net->Stop(rooms_->stops_now);
  if (rooms_->replication.has_value()) rooms_->replication->Stop();
  if (rooms_->persistence.has_value()) rooms_->persistence->Stop();
  rooms_->keeper.reset();
}

}  // namespace larder
