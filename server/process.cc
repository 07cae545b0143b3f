#include "server/process.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "server/base/crash_report.h"
#include "server/base/log.h"
#include "server/base/start_pages.h"
#include "server/base/strings.h"
#include "server/base/supervise.h"
#include "server/base/version.h"
#include "server/config/config.h"
#include "server/server.h"

namespace larder {

namespace {

// Where core dumps go, and relative paths of the process' own start. The server's start at `dir`
// whatever it is.
bool ChangeDirectory(const std::string& path, std::string* error) {
  if (chdir(path.c_str()) == 0) return true;
  *error = std::strerror(errno);
  return false;
}

// As in Redis: whoever supervises takes the end of this process for that of the server.
bool WantsBackground(const Config& config) {
  const bool supervised = config.Text("supervised") != "no" && HasSupervisor();
  return config.settings().daemonize != 0 && !supervised;
}

}  // namespace

Process::Process(Server& server) : server_(server) {}

Process::~Process() {
  if (signals_.joinable()) {
    ending_.store(true, std::memory_order_release);
    pthread_kill(signals_.native_handle(), SIGTERM);
    signals_.join();
  }
  if (!pid_file_.empty()) RemovePidFile(pid_file_);
}

bool Process::Begin(std::string* error) {
  Config& config = server_.config();
  if (!ChangeDirectory(config.Text("dir"), error)) return false;
  config.OnChange("dir", ChangeDirectory);
  const std::string log_path = config.Text("logfile");
  SetLogLevel(static_cast<LogLevel>(int64_t{config.settings().loglevel}));
  config.AfterChange("loglevel", [](const std::string& level) {
    SetLogLevel(ParseLogLevel(level).value_or(LogLevel::kNotice));
  });
  if (!OpenLog(log_path, error)) return false;
  to_background_ = WantsBackground(config);
  if (to_background_ && !Daemonize()) {
    *error = StrCat("can't go to the background: ", std::strerror(errno));
    return false;
  }
  PrepareCrashReport(log_path);
  EnableCrashReport(config.settings().crash_log_enabled);
  config.AfterChange("crash-log-enabled",
                     [](const std::string& value) { EnableCrashReport(value == "yes"); });
  HandleSignals();
  Log(LogLevel::kNotice, "larder ", kLarderVersion, " starts");
  return true;
}

void Process::Listening() {
  NotifySupervisor("STATUS=Loading the data set");
  const Config& config = server_.config();
  std::string path = config.Text("pidfile");
  if (path.empty() && to_background_) path = "/var/run/larder.pid";
  if (path.empty()) return;
  if (WritePidFile(path)) {
    pid_file_ = path;
  } else {
    Log(LogLevel::kWarning, "Can't write the pid file ", path, ": ", std::strerror(errno));
  }
}

// Every thread inherits the mask, so that the signals arrive in one place.
void Process::HandleSignals() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file that may grow no more is an error of write
  sigset_t handled;
  sigemptyset(&handled);
  for (int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&handled, number);
  pthread_sigmask(SIG_BLOCK, &handled, nullptr);
  signals_ = std::thread([this, handled] {
    constexpr timespec kLook = {.tv_sec = 1, .tv_nsec = 0};  // between two looks at the log's file
    for (;;) {
      const int signal_number = sigtimedwait(&handled, nullptr, &kLook);
      if (ending_.load(std::memory_order_acquire)) return;
      if (signal_number < 0 || signal_number == SIGHUP) {
        ReopenMovedLog();
        continue;
      }
      // Asked again: somebody can't wait for the clients, or with Ctrl+C for the file.
      if (stopping_.load(std::memory_order_acquire) ||
          (signal_number == SIGINT && server_.saving_to_stop())) {
        server_.DropUnfinishedFiles();
        _exit(1);
      }
      Log(LogLevel::kWarning, "Received ", signal_number == SIGINT ? "SIGINT" : "SIGTERM",
          " scheduling shutdown...");
      server_.RequestShutdown(server_.config().Text(
          signal_number == SIGINT ? "shutdown-on-sigint" : "shutdown-on-sigterm"));
    }
  });
}

void Process::Ready() {
  Log(LogLevel::kNotice, "Ready to accept connections");
  NotifySupervisor("READY=1\nSTATUS=Ready to accept connections");
  UnmapStartPages();
}

void Process::Stopping() {
  stopping_.store(true, std::memory_order_release);
  NotifySupervisor("STOPPING=1");
}

}  // namespace larder
