// AppendFile: a file that is only appended to. One thread at a time; Sync and size_bytes() by any
// meanwhile. Tests have one whose disk takes its time.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

#include "replication/log/replication_log.h"

namespace larder {

class AppendFile {
 public:
  // `fd` is taken over; the file has `size_bytes` bytes.
  AppendFile(int fd, uint64_t size_bytes) : fd_(fd), size_bytes_(size_bytes) {}
  virtual ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  // Appends all of it, or nothing: what was written of it is cut off again. 0, or errno.
  int Append(std::span<const ReplicationLog::Piece> pieces);
  int Append(std::string_view bytes);
  // Has the disk take what was appended before the call. 0, or errno.
  virtual int Sync();
  // Cuts off what was appended behind the first `size` bytes. 0, or errno.
  int Truncate(uint64_t size);
  uint64_t size_bytes() const { return size_bytes_.load(std::memory_order_relaxed); }

 private:
  // Where cutting off failed too, nothing may be appended before it is done.
  int Repair();

  const int fd_;
  std::atomic<uint64_t> size_bytes_;
  bool torn_ = false;  // it is longer than size_bytes_
};

}  // namespace larder
