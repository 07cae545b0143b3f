#include "replication/hidden_file.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace larder {

HiddenFile::HiddenFile() {
  char name[] = "temp-sync-XXXXXX";
  file_ = Socket(::mkostemp(name, 02000000));  // O_CLOEXEC
  if (file_.open()) ::unlink(name);
}

bool HiddenFile::Write(std::string_view bytes) {
  while (file_.open() && !bytes.empty()) {
    const ssize_t written = ::write(file_.fd(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written < 0) continue;
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

void HiddenFile::Cut(uint64_t size_bytes) { size_ = std::min(size_, size_bytes); }

}  // namespace larder
