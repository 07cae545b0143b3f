// LeasePool: the buffers that a loop receives into. A connection leases one for the length of a
// batch and gives it back when its requests have been executed. One thread at a time (whoever runs
// the loop).
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "server/net/spares.h"

namespace larder {

using Lease = std::unique_ptr<char[]>;

class LeasePool {
 public:
  // Enough for a cached page of 16 KiB and more with its command; pages of memory that small
  // requests never reach are never touched.
  static constexpr size_t kLeaseBytes = 32 * 1024;

  Lease Take() {
    return free_.keeps() ? free_.Take() : std::make_unique_for_overwrite<char[]>(kLeaseBytes);
  }
  void Return(Lease lease) { free_.Keep(std::move(lease)); }
  bool keeps() const { return free_.keeps(); }
  void Trim() { free_.Trim(); }

 private:
  Spares<Lease> free_;
};

}  // namespace larder
