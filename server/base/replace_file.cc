#include "server/base/replace_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "server/base/strings.h"

namespace larder {

bool ReplaceFile(const std::string& path, std::string_view text) {
  std::string temporary = StrCat(path, ".", getpid(), ".tmp");
  int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  while (!text.empty()) {
    ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    text.remove_prefix(static_cast<size_t>(written));
  }
  bool safe = text.empty() && fsync(fd) == 0;
  safe = close(fd) == 0 && safe && rename(temporary.c_str(), path.c_str()) == 0;
  if (!safe) {
    int error = errno;
    unlink(temporary.c_str());
    errno = error;
    return false;
  }
  int folder = open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_CLOEXEC);
  if (folder >= 0) {
    fsync(folder);  // the rename survives a power cut
    close(folder);
  }
  return true;
}

}  // namespace larder
