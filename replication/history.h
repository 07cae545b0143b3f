// History: which replication history the data of this server belongs to, by the ids that PSYNC
// exchanges. A second id names the history that this one went on from, valid up to an offset, so
// that replicas of a former primary need no full sync. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/mutex.h"

namespace larder {

class History {
 public:
  // Hexadecimal digits of an id; Redis' mark behind a snapshot of unknown length has as many.
  static constexpr size_t kIdLetters = 40;
  struct Ids {
    std::string id;
    std::string second_id = std::string(kIdLetters, '0');  // zeros: none
    int64_t second_offset = -1;  // the first byte that the second id has not
  };
  explicit History(std::string id) { ids_.id = std::move(id); }

  Ids ids() const;
  std::string id() const { return ids().id; }

  // A new history, to which no other leads.
  void Begin();
  // Goes on from the present history at `offset` bytes, under `id` or a new one.
  void Branch(uint64_t offset, std::string id = "");
  // The primary's history, after a full sync.
  void Adopt(std::string id);
  // As it was before a restart.
  void Restore(Ids ids);

  // True when who has everything of history `id` before the byte `next` (counted from 1) has also
  // everything of ours.
  bool Continues(std::string_view id, uint64_t next) const;

 private:
  mutable Mutex mutex_;
  Ids ids_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace larder
