#include "server/net/net.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "server/base/check.h"
#include "server/base/log.h"
#include "server/engine/engine.h"
#include "server/net/acceptor.h"
#include "server/net/file_limit.h"
#include "server/net/listener.h"
#include "server/net/loop.h"
#include "server/net/standby.h"

namespace larder {
namespace {

int UsableCores() {
  cpu_set_t cores;
  return ::sched_getaffinity(0, sizeof(cores), &cores) == 0 ? CPU_COUNT(&cores) : 1;
}

int64_t ToNumber(const std::string& text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

struct Net::Parts {
  explicit Parts(Engine& the_engine)
      : engine(the_engine),
        listener(the_engine.config),
        acceptor(the_engine, listener),
        standby(the_engine) {}

  void MakeLoops();
  void RegisterDirectives();
  bool Rebind(int64_t port, const std::string& addresses, std::string* error);
  void FitFileLimit();

  Engine& engine;
  Listener listener;
  Acceptor acceptor;
  std::vector<std::unique_ptr<Loop>> loops;
  Standby standby;
  bool anywhere = false, running = false;  // of the server's thread alone
};

Net::Net(Engine& engine) : parts_(std::make_unique<Parts>(engine)) {
  parts_->MakeLoops();
  parts_->RegisterDirectives();
  engine.gate.OnOpen([parts = parts_.get()] {
    for (auto& loop : parts->loops) loop->GateOpened();
  });
  engine.pause.OnEnd([parts = parts_.get()] {
    for (auto& loop : parts->loops) loop->PauseEnded();
  });
  engine.reply_hold.OnChange([parts = parts_.get()] {
    for (auto& loop : parts->loops) loop->RepliesAreFree();
  });
}

Net::~Net() { Stop(); }

void Net::Parts::MakeLoops() {
  const IoUring wanted = static_cast<IoUring>(int64_t{engine.config.settings().io_uring});
  // Each thread has a place in the gate: a loop's, those that stand by, and a few for other rooms.
  constexpr int kMostLoops = static_cast<int>(Gate::kMostSlots - Standby::kMostSpare) - 16;
  std::vector<Loop*> all;
  for (int i = 0; i < std::clamp(engine.io_threads, 1, kMostLoops); ++i) {
    loops.push_back(std::make_unique<Loop>(engine, wanted != IoUring::kNo, UsableCores()));
    all.push_back(loops.back().get());
    engine.mailboxes.push_back(loops.back().get());
  }
  if (wanted == IoUring::kYes && !loops[0]->has_ring()) {
    Log(LogLevel::kWarning, "io-uring yes: the kernel does not offer it here; going on without");
  }
  acceptor.SetLoops(std::move(all));
}

bool Net::Parts::Rebind(int64_t port, const std::string& addresses, std::string* error) {
  const bool bound = listener.Rebind(static_cast<int>(port), addresses, error);
  engine.port.store(listener.port(), std::memory_order_relaxed);
  if (!bound) Log(LogLevel::kWarning, *error);
  return bound;
}

void Net::Parts::RegisterDirectives() {
  Config& config = engine.config;
  config.OnChange("port", [this](const std::string& value, std::string* error) {
    if (Rebind(ToNumber(value), engine.config.Text("bind"), error)) return true;
    *error = "Unable to listen on this port. Check server logs.";  // Redis' words
    return false;
  });
  config.OnChange("bind", [this](const std::string& value, std::string* error) {
    if (Rebind(engine.config.settings().port, value, error)) return true;
    *error = "Failed to bind to specified addresses.";  // Redis' words
    return false;
  });
  config.AfterChange("tcp-keepalive",
                     [this](const std::string& value) { listener.SetKeepAlive(ToNumber(value)); });
  config.AfterChange("timeout", [this](const std::string&) {
    for (auto& loop : loops) loop->Nudge();
  });
  config.OnChange("maxclients", [](const std::string& value, std::string* error) {
    const int64_t wanted = ToNumber(value), fit = RaiseFileLimit(wanted);
    if (fit >= wanted) return true;
    *error =
        "The operating system is not able to handle the specified number of clients, try with " +
        std::to_string(fit);
    return false;
  });
}

void Net::Parts::FitFileLimit() {
  const int64_t wanted = engine.config.settings().maxclients, fit = RaiseFileLimit(wanted);
  if (fit >= wanted) return;
  Log(LogLevel::kWarning, "The limit of open files leaves room for ", fit,
      " clients: maxclients has been reduced from ", wanted);
  const std::string value = std::to_string(fit);
  const Config::PairView pair = {"maxclients", value};
  engine.config.Set({&pair, 1}, true);
}

bool Net::Listen(std::string* error) {
  parts_->FitFileLimit();
  if (!parts_->listener.Open(parts_->anywhere, error)) return false;
  parts_->engine.port.store(parts_->listener.port(), std::memory_order_relaxed);
  return true;
}

void Net::Start() {
  CHECK(!parts_->running);
  parts_->running = true;
  parts_->loops[0]->Accept(parts_->acceptor, parts_->listener);
  std::vector<Loop*> loops;
  for (auto& loop : parts_->loops) loops.push_back(loop.get());
  parts_->standby.Start(loops);
}

void Net::Stop(bool now) {
  const bool was_running = std::exchange(parts_->running, false);
  parts_->listener.Close();
  if (!was_running) return;
  for (auto& loop : parts_->loops) loop->Stop(now);
  parts_->standby.Join();
}

int Net::port() const { return parts_->listener.port(); }

void Net::ListenAnywhere() { parts_->anywhere = true; }

}  // namespace larder
