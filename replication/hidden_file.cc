#include "replication/hidden_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "server/base/replace_file.h"
#include "server/base/strings.h"

namespace larder {

HiddenFile::HiddenFile(const std::string& directory)
    : file_(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644)) {
  if (file_.open()) return;
  // A file system that can't make one without a name, nor give it one later.
  std::string name = directory + "/temp-sync-XXXXXX";
  file_ = Socket(::mkostemp(name.data(), O_CLOEXEC));
  if (file_.open()) ::unlink(name.c_str());
  if (!file_.open()) error_ = errno;
}

bool HiddenFile::Write(std::string_view bytes) {
  while (file_.open() && !bytes.empty()) {
    const ssize_t written = ::write(file_.fd(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      error_ = errno;
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(written));
    size_ += static_cast<uint64_t>(written);
  }
  return file_.open();
}

size_t HiddenFile::Read(char* to, size_t most) {
  const auto left = static_cast<size_t>(std::min<uint64_t>(most, size_ - read_));
  const ssize_t got = ::pread(file_.fd(), to, left, static_cast<off_t>(read_));
  if (got <= 0) return 0;
  read_ += static_cast<uint64_t>(got);
  return static_cast<size_t>(got);
}

bool HiddenFile::Sync() {
  if (::fsync(file_.fd()) == 0) return true;
  error_ = errno;
  return false;
}

bool HiddenFile::KeepAs(const std::string& path) {
  const std::string source = StrCat("/proc/self/fd/", file_.fd());
  const std::string name =
      std::filesystem::path(path).parent_path() / StrCat("temp-sync-", ::getpid(), ".rdb");
  ::unlink(name.c_str());  // of a process of this number that was killed here
  if (::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    error_ = errno;
    return false;
  }
  const Replaced replaced = RenameFile(name, path);
  if (!replaced.in_place) ::unlink(name.c_str());
  error_ = replaced.error;
  return error_ == 0;
}

void HiddenFile::Cut(uint64_t size_bytes) { size_ = std::min(size_, size_bytes); }

}  // namespace larder
