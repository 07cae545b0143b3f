#include "replication/hidden_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "server/base/replace_file.h"
#include "server/base/strings.h"
#include "server/base/write_all.h"

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
  if (!file_.open()) return false;
  error_ = WriteAll(file_.fd(), bytes);
  if (error_ == 0) size_ += bytes.size();
  return error_ == 0;
}

size_t HiddenFile::Read(char* to, size_t most) {
  const auto left = static_cast<size_t>(std::min<uint64_t>(most, size_ - read_));
  if (left == 0) return 0;
  ssize_t got;
  do {
    got = ::pread(file_.fd(), to, left, static_cast<off_t>(read_));
  } while (got < 0 && errno == EINTR);
  if (got <= 0) {
    error_ = got == 0 ? EIO : errno;  // 0: somebody has made it shorter
    return 0;
  }
  read_ += static_cast<uint64_t>(got);
  return static_cast<size_t>(got);
}

void HiddenFile::Drop() {
  file_ = Socket();
  size_ = read_ = 0;
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

// Others who have a file wait while it is put in its place, but not for its sync.
Snapshot::Outcome KeepSnapshot(HiddenFile& file, Persistence& persistence, uint64_t number) {
  const bool synced = file.Sync();
  return persistence.Keep(number,
                          [&](const std::string& path) { return synced && file.KeepAs(path); });
}

}  // namespace larder
