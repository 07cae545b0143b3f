#include "server/base/supervise.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "server/base/strings.h"
#include "server/base/write_all.h"

namespace larder {

bool Daemonize() {
  pid_t child = fork();
  if (child < 0) return false;
  if (child > 0) _exit(0);
  setsid();
  int null = open("/dev/null", O_RDWR);
  if (null < 0) return true;  // detached all the same
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(null, stream);
  if (null > STDERR_FILENO) close(null);
  return true;
}

bool WritePidFile(const std::string& path) {
  int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return false;
  std::string text = StrCat(getpid(), '\n');
  bool written = WriteAll(file, text) == 0;
  return close(file) == 0 && written;
}

void RemovePidFile(const std::string& path) {
  pid_t owner = 0;
  if (std::ifstream(path) >> owner && owner == getpid()) unlink(path.c_str());
}

bool HasSupervisor() { return std::getenv("NOTIFY_SOCKET") != nullptr; }

bool NotifySupervisor(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address = {};
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return false;
  size_t length = std::strlen(path);
  if (length >= sizeof(address.sun_path)) return false;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  ssize_t sent = sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
                        reinterpret_cast<const sockaddr*>(&address),
                        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length));
  close(fd);
  return sent == static_cast<ssize_t>(state.size());
}

}  // namespace larder
