#include "server/base/write_all.h"

#include <limits.h>

#include <algorithm>
#include <cerrno>

namespace larder {
namespace {

// Drops the first `bytes` of what is to be written, and empty pieces behind them.
void Advance(std::span<iovec>& rest, size_t bytes) {
  while (!rest.empty() && bytes >= rest.front().iov_len) {
    bytes -= rest.front().iov_len;
    rest = rest.subspan(1);
  }
  if (rest.empty()) return;
  rest.front().iov_base = static_cast<char*>(rest.front().iov_base) + bytes;
  rest.front().iov_len -= bytes;
}

}  // namespace

int WriteAll(int fd, std::span<iovec> pieces) {
  Advance(pieces, 0);
  while (!pieces.empty()) {
    const int count = static_cast<int>(std::min<size_t>(pieces.size(), IOV_MAX));
    const ssize_t written = writev(fd, pieces.data(), count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return ENOSPC;
    Advance(pieces, static_cast<size_t>(written));
  }
  return 0;
}

int WriteAll(int fd, std::string_view bytes) {
  iovec piece = {const_cast<char*>(bytes.data()), bytes.size()};
  return WriteAll(fd, {&piece, 1});
}

}  // namespace larder
