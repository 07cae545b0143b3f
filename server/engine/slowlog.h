// Slowlog: the last commands that took longer than slowlog-log-slower-than. Any thread.
// Bounded: slowlog-max-len entries, each of at most 32 words of 128 bytes, as in Redis.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/mutex.h"
#include "server/engine/args.h"

namespace larder {

class Slowlog {
 public:
  struct Record {
    int64_t id;
    int64_t unix_s;
    int64_t duration_us;
    std::vector<std::string> words;
    std::string client_address;
    std::string client_name;
  };
  static constexpr size_t kMostWords = 32;
  static constexpr size_t kMostWordBytes = 128;

  void Add(int64_t unix_s, int64_t duration_us, Args args, std::string_view address,
           std::string_view name, size_t max_len);
  // The newest first; `count` < 0: all.
  std::vector<Record> Newest(int64_t count) const;
  size_t size() const;
  void Clear();
  void Trim(size_t max_len);

 private:
  mutable Mutex mutex_;
  std::deque<Record> records_ ABSL_GUARDED_BY(mutex_);  // newest first
  int64_t next_id_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace larder
