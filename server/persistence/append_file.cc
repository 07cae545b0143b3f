#include "server/persistence/append_file.h"

#include <unistd.h>

#include <cerrno>
#include <vector>

#include "server/base/write_all.h"

namespace larder {

AppendFile::~AppendFile() { close(fd_); }

int AppendFile::Append(std::span<const ReplicationLog::Piece> pieces) {
  std::vector<iovec> vectors;
  vectors.reserve(pieces.size());
  size_t bytes = 0;
  for (const ReplicationLog::Piece& piece : pieces) {
    vectors.push_back({const_cast<char*>(piece.bytes.data()), piece.bytes.size()});
    bytes += piece.bytes.size();
  }
  if (const int error = Repair(); error != 0) return error;
  const int error = WriteAll(fd_, vectors);
  if (error == 0) {
    size_bytes_.store(size_bytes() + bytes, std::memory_order_relaxed);
    return 0;
  }
  torn_ = true;
  Repair();
  return error;
}

int AppendFile::Append(std::string_view bytes) {
  const ReplicationLog::Piece piece = {nullptr, bytes};
  return Append({&piece, 1});
}

int AppendFile::Repair() {
  if (!torn_) return 0;
  if (ftruncate(fd_, static_cast<off_t>(size_bytes())) != 0) return errno;
  torn_ = false;
  return 0;
}

int AppendFile::Sync() { return fdatasync(fd_) == 0 ? 0 : errno; }

int AppendFile::Truncate(uint64_t size) {
  size_bytes_.store(size, std::memory_order_relaxed);
  torn_ = true;
  return Repair();
}

}  // namespace larder
