#include "server/persistence/snapshot_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "server/base/replace_file.h"
#include "server/base/strings.h"
#include "server/base/write_all.h"

namespace larder {
namespace {

constexpr uint64_t kSyncStepBytes = 4 * 1024 * 1024;  // as Redis

std::string TemporaryPath(const std::string& directory, std::string_view kind) {
  return std::filesystem::path(directory) / StrCat("temp-", getpid(), ".", kind);
}

}  // namespace

SnapshotFile::SnapshotFile(const std::string& directory, std::string_view kind,
                           bool sync_as_written)
    : directory_(directory),
      sync_as_written_(sync_as_written),
      temporary_(TemporaryPath(directory, kind)) {
  fd_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) Fail("Failed opening the temp RDB file for saving");
}

SnapshotFile::~SnapshotFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(temporary_.c_str());
}

void SnapshotFile::RemoveTemporaries(const std::string& directory) {
  for (std::string_view kind : {kInBackground, kWhileAllWait, kRewrite}) {
    unlink(TemporaryPath(directory, kind).c_str());
  }
}

bool SnapshotFile::Fail(std::string_view doing) {
  if (error_.empty()) error_ = StrCat(doing, ": ", std::strerror(errno));
  return false;
}

bool SnapshotFile::Write(std::string_view bytes) {
  if (fd_ < 0) return false;
  errno = WriteAll(fd_, bytes);
  if (errno != 0) return Fail("Write error saving DB on disk");
  written_ += bytes.size();
  if (sync_as_written_ && written_ - synced_ >= kSyncStepBytes) {
    if (fdatasync(fd_) != 0) return Fail("Write error saving DB on disk");
    synced_ = written_;
  }
  return true;
}

bool SnapshotFile::Finish() {
  if (fd_ < 0) return false;
  return fsync(fd_) == 0 || Fail("Write error saving DB on disk (fsync)");
}

void SnapshotFile::Release() {
  close(fd_);
  fd_ = -1;
}

bool SnapshotFile::Commit(const std::string& name) {
  const Replaced replaced = RenameFile(temporary_, std::filesystem::path(directory_) / name);
  errno = replaced.error;
  if (!replaced.in_place) return Fail("Error moving temp DB file on the final destination");
  Release();
  errno = replaced.error;
  return errno == 0 || Fail("Write error saving DB on disk (fsync of the directory)");
}

FileSource::FileSource(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status = {};
  if (fd_ >= 0 && fstat(fd_, &status) == 0) size_bytes_ = static_cast<uint64_t>(status.st_size);
}

FileSource::~FileSource() {
  if (fd_ >= 0) close(fd_);
}

bool FileSource::Seek(uint64_t offset) {
  return lseek(fd_, static_cast<off_t>(offset), SEEK_SET) >= 0;
}

size_t FileSource::Read(char* to, size_t most) {
  for (;;) {
    const ssize_t size = read(fd_, to, most);
    if (size >= 0) return static_cast<size_t>(size);
    if (errno == EINTR) continue;
    error_ = errno;
    return 0;
  }
}

size_t FileSource::ReadFully(char* to, size_t most) {
  size_t size = 0;
  while (size < most) {
    const size_t more = Read(to + size, most - size);
    if (more == 0) break;
    size += more;
  }
  return size;
}

}  // namespace larder
