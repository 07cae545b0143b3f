#include "server/base/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace larder {
namespace {

constexpr size_t kMostBytes = 64 * 1024 * 1024;  // far more than they have; /dev/zero must end

}  // namespace

int ReadFile(const std::string& path, std::string* text) {
  text->clear();
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  int error = 0;
  for (;;) {
    char bytes[4096];
    const ssize_t size = read(fd, bytes, sizeof(bytes));
    if (size > 0) text->append(bytes, static_cast<size_t>(size));
    if (size < 0 && errno != EINTR) error = errno;
    if (text->size() > kMostBytes) error = EFBIG;
    if (size == 0 || error != 0) break;
  }
  close(fd);
  return error;
}

}  // namespace larder
