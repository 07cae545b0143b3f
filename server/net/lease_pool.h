// LeasePool: the buffers that a loop receives into. A connection leases one for the length of a
// batch and gives it back when its requests have been executed, so that the same few warm buffers
// serve all connections. One thread at a time (whoever runs the loop).
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace larder {

using Lease = std::unique_ptr<char[]>;

class LeasePool {
 public:
  // Enough for a cached page of 16 KiB and more with its command; pages of memory that small
  // requests never reach are never touched.
  static constexpr size_t kLeaseBytes = 32 * 1024;
  // A batch's worth; what an adopted command keeps comes back later.
  static constexpr size_t kMostKept = 128;

  Lease Take() {
    if (free_.empty()) return std::make_unique_for_overwrite<char[]>(kLeaseBytes);
    Lease lease = std::move(free_.back());
    free_.pop_back();
    return lease;
  }
  void Return(Lease lease) {
    if (free_.size() < kMostKept) free_.push_back(std::move(lease));
  }

 private:
  std::vector<Lease> free_;
};

}  // namespace larder
