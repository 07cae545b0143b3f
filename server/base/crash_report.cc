#include "server/base/crash_report.h"

#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "server/base/version.h"

namespace larder {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr int kMaxFrames = 100;
constexpr size_t kStackBytes = 64 * 1024;

// A stack overflow leaves no room for the handler on the thread's own stack.
alignas(16) char alternate_stack[kStackBytes];
char path[PATH_MAX];
std::atomic_flag reporting;

void Put(int fd, std::string_view text) {
  // Nothing can be done about a failed write on the way down.
  [[maybe_unused]] ssize_t written = write(fd, text.data(), text.size());
}

void PutNumber(int fd, uint64_t value, int base) {
  char digits[24];
  char* end = std::to_chars(digits, digits + sizeof(digits), value, base).ptr;
  Put(fd, std::string_view(digits, static_cast<size_t>(end - digits)));
}

void Report(int fd, int signal_number, const siginfo_t* info) {
  Put(fd, "\n\n=== LARDER BUG REPORT START: Cut & paste starting from here ===\nlarder ");
  Put(fd, kLarderVersion);
  Put(fd, " crashed by signal: ");
  PutNumber(fd, static_cast<uint64_t>(signal_number), 10);
  if (info->si_code <= 0) {
    Put(fd, "\nKilled by PID: ");
    PutNumber(fd, static_cast<uint64_t>(info->si_pid), 10);
  } else {
    Put(fd, "\nAccessing address: 0x");
    PutNumber(fd, reinterpret_cast<uintptr_t>(info->si_addr), 16);
  }
  Put(fd, "\n\n------ STACK TRACE ------\n");
  void* frames[kMaxFrames];
  backtrace_symbols_fd(frames, backtrace(frames, kMaxFrames), fd);
  Put(fd, "\n=== LARDER BUG REPORT END. ===\n");
}

void OnCrash(int signal_number, siginfo_t* info, void*) {
  if (!reporting.test_and_set()) {
    int fd = path[0] == '\0' ? STDOUT_FILENO : open(path, O_WRONLY | O_APPEND | O_CREAT, 0644);
    Report(fd < 0 ? STDERR_FILENO : fd, signal_number, info);
  }
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

}  // namespace

void PrepareCrashReport(const std::string& log_path) {
  std::strncpy(path, log_path.c_str(), sizeof(path) - 1);
  void* frame[1];
  backtrace(frame, 1);  // loads the unwinder now: loading it allocates
  stack_t stack = {};
  stack.ss_sp = alternate_stack;
  stack.ss_size = sizeof(alternate_stack);
  sigaltstack(&stack, nullptr);
}

void EnableCrashReport(bool enabled) {
  struct sigaction action = {};
  action.sa_sigaction = OnCrash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
  sigemptyset(&action.sa_mask);
  for (int signal_number : kSignals) {
    if (enabled) {
      sigaction(signal_number, &action, nullptr);
    } else {
      signal(signal_number, SIG_DFL);
    }
  }
}

}  // namespace larder
