// AclLog: the last attempts that were refused for want of permission, for ACL LOG. What is alike
// within a minute is one entry. Any thread. Bounded by acllog-max-len.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/request.h"
#include "server/base/mutex.h"

namespace larder {

class AclLog {
 public:
  enum class Where : uint8_t { kTopLevel, kTransaction, kScript };
  struct Entry {
    AclDenial::Reason reason;
    Where where;
    std::string object;  // the command, key or channel
    std::string user;
    std::string client;  // as CLIENT LIST tells about it
    uint64_t count = 1;
    uint64_t id = 0;
    int64_t created_ms = 0, updated_ms = 0;  // Unix time
  };

  // count, id and created_ms are the log's own.
  void Add(Entry entry, size_t max_len);
  // The newest first, at most `count`.
  std::vector<Entry> Newest(size_t count) const;
  void Clear();

 private:
  mutable Mutex mutex_;
  std::deque<Entry> entries_ ABSL_GUARDED_BY(mutex_);  // newest first
  uint64_t next_id_ ABSL_GUARDED_BY(mutex_) = 0;
};

std::string_view NameOf(AclDenial::Reason reason);
std::string_view NameOf(AclLog::Where where);

}  // namespace larder
