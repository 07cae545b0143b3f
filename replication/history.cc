#include "replication/history.h"

#include <utility>

#include "server/base/random.h"

namespace larder {

History::Ids History::ids() const {
  MutexLock lock(mutex_);
  return ids_;
}

void History::Begin() { Adopt(RandomHex(kIdLetters)); }

void History::Branch(uint64_t offset, std::string id) {
  if (id.empty()) id = RandomHex(kIdLetters);
  MutexLock lock(mutex_);
  ids_.second_id = std::exchange(ids_.id, std::move(id));
  ids_.second_offset = static_cast<int64_t>(offset) + 1;
}

void History::Adopt(std::string id) {
  MutexLock lock(mutex_);
  ids_ = Ids();
  ids_.id = std::move(id);
}

void History::Restore(Ids ids) {
  MutexLock lock(mutex_);
  ids_ = std::move(ids);
}

bool History::Continues(std::string_view id, uint64_t next) const {
  MutexLock lock(mutex_);
  if (id == ids_.id) return true;
  return id == ids_.second_id && static_cast<int64_t>(next) <= ids_.second_offset;
}

}  // namespace larder
