// The report that a crash leaves behind: which signal, at which address, the stack.
#pragma once

#include <string>

namespace larder {

// Handles SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT: writes the report to the log file (to
// standard output when the path is empty), then dies of the same signal, so that the exit status
// and the core dump are true. Main thread, once; calling again only changes the path. The handler
// uses nothing but async-signal-safe calls.
void InstallCrashReport(const std::string& log_path);

// Gives the signals back to the system (directive crash-log-enabled no).
void RemoveCrashReport();

}  // namespace larder
