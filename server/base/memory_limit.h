// How much memory this process may use: the least of what its control groups (version 2 or 1) and
// the machine allow. In a container that is the container's limit.
#pragma once

#include <cstdint>
#include <string>

namespace larder {

// In bytes; 0 where nothing can be found out. Reads a few files. `root` stands before the paths of
// /proc and /sys, for tests.
uint64_t MemoryLimitBytes(const std::string& root = "");

}  // namespace larder
