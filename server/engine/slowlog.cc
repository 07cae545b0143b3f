#include "server/engine/slowlog.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace larder {

void Slowlog::Add(int64_t unix_s, int64_t duration_us, Args args, std::string_view address,
                  std::string_view name, size_t max_len) {
  Record record{0, unix_s, duration_us, {}, std::string(address), std::string(name)};
  for (size_t i = 0; i < std::min(args.size(), kMostWords); ++i) {
    if (i == kMostWords - 1 && args.size() > kMostWords) {
      record.words.push_back(
          absl::StrCat("... (", args.size() - kMostWords + 1, " more arguments)"));
    } else if (args[i].size() > kMostWordBytes) {
      record.words.push_back(absl::StrCat(absl::string_view(args[i].data(), kMostWordBytes),
                                          "... (", args[i].size() - kMostWordBytes,
                                          " more bytes)"));
    } else {
      record.words.emplace_back(args[i]);
    }
  }
  MutexLock lock(mutex_);
  record.id = next_id_++;
  records_.push_front(std::move(record));
  while (records_.size() > max_len) records_.pop_back();
}

std::vector<Slowlog::Record> Slowlog::Newest(int64_t count) const {
  MutexLock lock(mutex_);
  const size_t most = count < 0 ? records_.size() : static_cast<size_t>(count);
  return {records_.begin(),
          records_.begin() + static_cast<std::ptrdiff_t>(std::min(most, records_.size()))};
}

size_t Slowlog::size() const {
  MutexLock lock(mutex_);
  return records_.size();
}

void Slowlog::Clear() {
  MutexLock lock(mutex_);
  records_.clear();
}

void Slowlog::Trim(size_t max_len) {
  MutexLock lock(mutex_);
  while (records_.size() > max_len) records_.pop_back();
}

}  // namespace larder
