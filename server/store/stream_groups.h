// StreamGroups: the consumer groups of a stream, in the order of their names, and the bytes that
// they take. Most streams have none, which takes a pointer.
//
// A group changes without telling, hence one rule: it is changed through the pointer that it was
// handed out by, until the next one is. The bytes of that one are counted when they are asked for,
// those of the others are a sum. No lock of its own: the caller holds the lock of the shard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/store/stream_group.h"
#include "server/store/stream_id.h"

namespace larder {

class StreamGroups {
 public:
  StreamGroups() = default;
  // Arrays of the copy are as large as what is in them: its bytes are counted anew.
  StreamGroups(const StreamGroups& other);
  StreamGroups(StreamGroups&&) noexcept = default;
  StreamGroups& operator=(StreamGroups other) noexcept {
    all_ = std::move(other.all_);
    return *this;
  }
  ~StreamGroups() = default;

  size_t size() const { return all_ == nullptr ? 0 : all_->groups.size(); }
  // Null where there is none of this name; pointers are valid until it is removed.
  const StreamGroup* Find(std::string_view name) const;
  StreamGroup* FindForChange(std::string_view name);
  // Null where there is one already; else for change.
  StreamGroup* Add(std::string_view name, StreamId last_id, int64_t entries_read);
  bool Remove(std::string_view name);
  // Calls visit(name, group) in the order of their names.
  template <typename Visit>
  void ForEach(Visit visit) const {
    if (all_ == nullptr) return;
    for (const auto& named : all_->groups) visit(std::string_view(named->name), named->group);
  }

  // Bytes of heap as the allocator rounds them, without this object. O(1).
  size_t MemoryBytes() const;

 private:
  struct Named {
    std::string name;
    StreamGroup group;

    size_t MemoryBytes() const;  // with this object
  };
  struct All {
    std::vector<std::unique_ptr<Named>> groups;
    size_t bytes = 0;       // of the groups but that which is lent
    Named* lent = nullptr;  // the last that was handed out for change

    // The first group whose name is not below.
    size_t LowerBound(std::string_view name) const;
    Named* Find(std::string_view name) const;
    StreamGroup* Lend(Named& named);
  };

  std::unique_ptr<All> all_;  // null: no groups
};

}  // namespace larder
