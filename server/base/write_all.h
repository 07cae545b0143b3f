// WriteAll: all of some bytes into a descriptor that waits, however many the kernel takes at once.
// 0, or errno; then some of them may be written. A descriptor that takes none is full: ENOSPC. Any
// thread.
#pragma once

#include <sys/uio.h>

#include <span>
#include <string_view>

namespace larder {

int WriteAll(int fd, std::string_view bytes);
// The same for bytes that lie in pieces; changes these.
int WriteAll(int fd, std::span<iovec> pieces);

}  // namespace larder
