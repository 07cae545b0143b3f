#include "server/base/replace_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "server/base/strings.h"
#include "server/base/write_all.h"

namespace larder {
namespace {

// Writes and syncs. 0, or errno.
int WriteFile(const std::string& path, std::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  int error = WriteAll(fd, text);
  if (error == 0 && fsync(fd) != 0) error = errno;
  if (close(fd) != 0 && error == 0) error = errno;
  return error;
}

int SyncFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error;
}

}  // namespace

int SyncDirectory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = fsync(fd) == 0 || errno == EINVAL ? 0 : errno;  // some file systems can't
  close(fd);
  return error;
}

Replaced RenameFile(const std::string& from, const std::string& path) {
  if (rename(from.c_str(), path.c_str()) != 0) return {.in_place = false, .error = errno};
  const std::string directory = std::filesystem::path(path).parent_path();
  return {.in_place = true, .error = SyncDirectory(directory.empty() ? "." : directory)};
}

Replaced ReplaceWithCopy(const std::string& from, const std::string& path,
                         const std::string& temporary) {
  std::error_code failed;
  std::filesystem::copy_file(from, temporary, std::filesystem::copy_options::overwrite_existing,
                             failed);
  const int error = failed ? failed.value() : SyncFile(temporary);
  const Replaced replaced =
      error == 0 ? RenameFile(temporary, path) : Replaced{.in_place = false, .error = error};
  if (!replaced.in_place) unlink(temporary.c_str());
  return replaced;
}

Replaced ReplaceFile(const std::string& path, std::string_view text, const std::string& temporary) {
  const int error = WriteFile(temporary, text);
  const Replaced replaced =
      error == 0 ? RenameFile(temporary, path) : Replaced{.in_place = false, .error = error};
  if (!replaced.in_place) unlink(temporary.c_str());
  return replaced;
}

Replaced ReplaceFile(const std::string& path, std::string_view text) {
  return ReplaceFile(path, text, StrCat(path, ".", getpid(), ".tmp"));
}

}  // namespace larder
