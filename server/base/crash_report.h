// The report that a crash leaves behind: which signal, at which address, the stack.
#pragma once

#include <string>

namespace larder {

// Where reports go (standard output when the path is empty), and what they will need. Main thread,
// once, before the other.
void PrepareCrashReport(const std::string& log_path);

// Handles SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT: writes the report, then dies of the same
// signal, so that the exit status and the core dump are true. False: gives the signals back to the
// system. Any thread. The handler uses nothing but async-signal-safe calls.
void EnableCrashReport(bool enabled);

}  // namespace larder
