// What a service does towards the system that started it: going to the background, the pid file,
// systemd's readiness protocol. Main thread, before other threads exist or after they have ended.
#pragma once

#include <string>
#include <string_view>

namespace larder {

// Forks and goes on in the child, detached from the terminal, with standard streams on /dev/null.
// The parent exits. False when fork fails. REQUIRES: no other thread has been started.
bool Daemonize();

// Writes the process id and a newline. False, with errno set, when the file can't be written.
bool WritePidFile(const std::string& path);
// Unless it names somebody else by now.
void RemovePidFile(const std::string& path);

// Somebody waits at $NOTIFY_SOCKET for what this process says of itself.
bool HasSupervisor();
// Sends a state to $NOTIFY_SOCKET as sd_notify does: "READY=1", "STOPPING=1", "STATUS=...". False
// when there is no such socket, that is, when nobody supervises.
bool NotifySupervisor(std::string_view state);

}  // namespace larder
