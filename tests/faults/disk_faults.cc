// A library to be loaded before libc's (LD_PRELOAD), which makes a disk misbehave under one folder,
// FAULTS_DIR:
//
// - It notes in FAULTS_JOURNAL what is known to be on disk: for each sync of a file its size, for
//   each sync of a folder that its names are; and before a name changes, what is needed to undo
//   that. tests/process/faults.py takes back what was not synced, as a cut of power does.
// - While there is a file FAULTS_SWITCH, calls fail: its first word is the call (read, write, open,
//   fsync, unlink), its second the errno; 0: they wait until it says something else, and a file
//   FAULTS_SWITCH.held says that one does. A third is part of the paths that are meant. A file is
//   read up to its middle.
//
// For files that are only appended to. The journal is written by write(), so that it survives the
// process.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

const char* Environment(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

int RealOpen(const char* path, int flags, mode_t mode = 0) {
  return Real<int(const char*, int, ...)>("open")(path, flags, mode);
}

ssize_t RealRead(int fd, void* to, size_t most) {
  static const auto real = Real<ssize_t(int, void*, size_t)>("read");
  return real(fd, to, most);
}

std::string Absolute(const char* path) {
  if (path[0] == '/') return path;
  char folder[PATH_MAX];
  return getcwd(folder, sizeof(folder)) == nullptr ? path : std::string(folder) + "/" + path;
}

std::string PathOf(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof(path));
  return size <= 0 ? "" : std::string(path, static_cast<size_t>(size));
}

bool Watched(const std::string& path) {
  const std::string folder = Environment("FAULTS_DIR");
  return !folder.empty() && path.compare(0, folder.size(), folder) == 0;
}

void Note(const std::string& line) {
  static const int fd =
      RealOpen(Environment("FAULTS_JOURNAL"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  static const auto real_write = Real<ssize_t(int, const void*, size_t)>("write");
  const std::string text = line + "\n";
  if (real_write(fd, text.data(), text.size()) < 0) abort();
}

// Keeps the file at `path` under another name, which is returned; "-" where there is none.
std::string Keep(const std::string& path) {
  static std::atomic<int> number{0};
  const std::string kept = Environment("FAULTS_JOURNAL") + ("." + std::to_string(getpid())) + "." +
                           std::to_string(number++);
  return link(path.c_str(), kept.c_str()) == 0 ? kept : "-";
}

// What this call is to fail with, as errno; 0: it is to wait, below 0: neither.
int Fault(const char* call, const std::string& path) {
  const int fd = RealOpen(Environment("FAULTS_SWITCH"), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  char text[256] = {};
  const ssize_t size = RealRead(fd, text, sizeof(text) - 1);
  close(fd);
  char name[32], part[200] = "";
  int error = 0;
  if (size <= 0 || sscanf(text, "%31s %d %199s", name, &error, part) < 2) return -1;
  return strcmp(name, call) == 0 && path.find(part) != std::string::npos ? error : -1;
}

void TellHeld() {
  const std::string path = std::string(Environment("FAULTS_SWITCH")) + ".held";
  close(RealOpen(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
}

// True, with errno, where this call is to fail.
bool Fails(const char* call, const std::string& path) {
  int error = Fault(call, path);
  if (error == 0) TellHeld();
  for (; error == 0; error = Fault(call, path)) usleep(1000);
  if (error < 0) return false;
  errno = error;
  return true;
}

int Sync(int fd, const char* call) {
  const std::string path = PathOf(fd);
  if (!Watched(path)) return Real<int(int)>(call)(fd);
  struct stat status = {};
  if (fstat(fd, &status) != 0) return -1;  // first: what comes while it waits is not promised
  if (Fails("fsync", path)) return -1;
  usleep(static_cast<useconds_t>(rand() % 1000));  // a disk takes its time
  Note(S_ISDIR(status.st_mode) ? "names " + path
                               : "size " + std::to_string(status.st_size) + " " + path);
  return 0;
}

int Open(const char* path, int flags, mode_t mode) {
  const std::string absolute = Absolute(path);
  const bool watched = Watched(absolute) && (flags & O_CREAT);
  if (watched && Fails("open", absolute)) return -1;
  const bool made = watched && access(path, F_OK) != 0;
  const int fd = RealOpen(path, flags, mode);
  if (fd >= 0 && made) Note("made " + absolute);
  return fd;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) ? static_cast<mode_t>(va_arg(rest, int)) : 0;
  va_end(rest);
  return Open(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) ? static_cast<mode_t>(va_arg(rest, int)) : 0;
  va_end(rest);
  return Open(path, flags, mode);
}

int fsync(int fd) { return Sync(fd, "fsync"); }
int fdatasync(int fd) { return Sync(fd, "fdatasync"); }

// Fails behind the middle of the file: what is before it looks like a shorter one.
ssize_t read(int fd, void* to, size_t most) {
  const std::string path = PathOf(fd);
  struct stat status = {};
  if (!Watched(path) || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    return RealRead(fd, to, most);
  }
  const off_t left = status.st_size / 2 - lseek(fd, 0, SEEK_CUR);
  if (left <= 0 && Fails("read", path)) return -1;
  const bool half = left > 0 && Fault("read", path) >= 0;
  return RealRead(fd, to, half ? std::min(most, static_cast<size_t>(left)) : most);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto real = Real<ssize_t(int, const void*, size_t)>("write");
  const std::string path = PathOf(fd);
  if (Watched(path) && Fails("write", path)) return -1;
  return real(fd, bytes, size);
}

// Fails half done, as a disk that gets full.
ssize_t writev(int fd, const iovec* pieces, int count) {
  static const auto real = Real<ssize_t(int, const iovec*, int)>("writev");
  const std::string path = PathOf(fd);
  if (!Watched(path) || !Fails("write", path)) return real(fd, pieces, count);
  if (pieces[0].iov_len < 2) return -1;
  const iovec half = {pieces[0].iov_base, pieces[0].iov_len / 2};
  return real(fd, &half, 1);
}

int rename(const char* from, const char* to) {
  const std::string target = Absolute(to);
  if (Watched(target)) Note("moved " + Keep(target) + " " + Absolute(from) + " " + target);
  return Real<int(const char*, const char*)>("rename")(from, to);
}

int unlink(const char* path) {
  const std::string absolute = Absolute(path);
  if (Watched(absolute)) {
    if (Fails("unlink", absolute)) return -1;
    const std::string kept = Keep(absolute);
    if (kept != "-") Note("gone " + kept + " " + absolute);
  }
  return Real<int(const char*)>("unlink")(path);
}
}
