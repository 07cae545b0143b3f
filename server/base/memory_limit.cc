#include "server/base/memory_limit.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "server/base/numbers.h"
#include "server/base/strings.h"

namespace larder {
namespace {

constexpr uint64_t kNone = UINT64_MAX;

// "max" (version 2) and numbers near 2^63 (version 1) stand for no limit: the machine is less.
uint64_t ReadLimit(const std::string& file) {
  std::string word;
  uint64_t bytes = kNone;
  if (std::ifstream(file) >> word && ParseUint64(word, &bytes)) return bytes;
  return kNone;
}

// The least limit of a group and of those above it. Inside a container the path may be the host's,
// which is not there: what is there begins at the mount.
uint64_t LimitOfGroup(const std::string& mount, std::string path, std::string_view file) {
  uint64_t least = kNone;
  for (;;) {
    least = std::min(least, ReadLimit(StrCat(mount, path, "/", file)));
    if (path.empty()) return least;
    path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

// Lines of /proc/self/cgroup: "0::/path" of version 2, "7:memory:/path" of version 1.
uint64_t LimitOfGroups(const std::string& root) {
  uint64_t least = kNone;
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = StrCat(",", line.substr(first + 1, second - first - 1), ",");
    std::string path = line.substr(second + 1);
    while (!path.empty() && path.back() == '/') path.pop_back();
    if (controllers == ",,") {
      least = std::min(least, LimitOfGroup(root + "/sys/fs/cgroup", path, "memory.max"));
    } else if (controllers.find(",memory,") != std::string::npos) {
      least = std::min(least,
                       LimitOfGroup(root + "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
    }
  }
  return least;
}

uint64_t MachineBytes(const std::string& root) {
  std::ifstream meminfo(root + "/proc/meminfo");
  std::string name;
  uint64_t kilobytes = 0;
  while (meminfo >> name >> kilobytes) {
    if (name == "MemTotal:") return kilobytes * 1024;
    meminfo.ignore(1024, '\n');
  }
  return kNone;
}

}  // namespace

uint64_t MemoryLimitBytes(const std::string& root) {
  const uint64_t least = std::min(LimitOfGroups(root), MachineBytes(root));
  return least == kNone ? 0 : least;
}

}  // namespace larder
