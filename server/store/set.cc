#include "server/store/set.h"

#include <utility>

#include "server/store/size_class.h"

namespace larder {

bool Set::Add(std::string_view member, const Limits& limits) {
  bool added = false;
  if (encoding_ == Encoding::kIntset && AddInteger(member, limits, &added)) return added;
  added = members_.Set(member, {});
  if (encoding_ == Encoding::kIntset && added) {
    int64_t number;
    if (!ParseInt64(member, &number) || size() > limits.max_intset_entries) {
      encoding_ = Encoding::kHashtable;
    }
  }
  return added;
}

// Adds the member to the array of integers. False when it has to go to the dict, as all others from
// then on.
bool Set::AddInteger(std::string_view member, const Limits& limits, bool* added) {
  const bool started = size() > 0;
  if (started && ints_ == nullptr) return false;  // has outgrown the array before
  int64_t number;
  const bool fits = ParseInt64(member, &number) && (!started || ints_->HasRoom());
  if (!fits) {
    if (ints_ != nullptr) MoveToDict();
    return false;
  }
  if (ints_ == nullptr) ints_ = std::make_unique<IntSet>();
  *added = ints_->Add(number);
  if (*added && size() > limits.max_intset_entries) {
    MoveToDict();
    encoding_ = Encoding::kHashtable;
  }
  return true;
}

void Set::MoveToDict() {
  const std::unique_ptr<IntSet> ints = std::move(ints_);
  char digits[kMaxIntLength];
  for (size_t i = 0; i < ints->size(); ++i) {
    members_.Set({digits, FormatInt(digits, ints->At(i))}, {});
  }
}

bool Set::Remove(std::string_view member) {
  if (ints_ == nullptr) return members_.Erase(member);
  int64_t number;
  return ParseInt64(member, &number) && ints_->Remove(number);
}

bool Set::Contains(std::string_view member) const {
  if (ints_ == nullptr) return members_.Contains(member);
  int64_t number;
  return ParseInt64(member, &number) && ints_->Contains(number);
}

uint64_t Set::Scan(uint64_t cursor, size_t count, Visitor visit) const {
  if (encoding_ == Encoding::kIntset) {
    ForEach(visit);
    return 0;
  }
  return members_.Scan(cursor, count, [&visit](const DictRecord& record) { visit(record.key); });
}

std::string Set::RandomMember(Random& random) const {
  if (ints_ == nullptr) return std::string(members_.RandomRecord(random).key);
  return std::to_string(ints_->At(random.Below(ints_->size())));
}

void Set::Sample(size_t count, Random& random, Visitor visit) const {
  if (ints_ == nullptr) {
    members_.Sample(count, random, [&visit](const DictRecord& record) { visit(record.key); });
    return;
  }
  // One walk that takes each number with the chance that keeps all choices equally likely.
  size_t left = size();
  ForEach([&](std::string_view member) {
    if (count > 0 && random.Below(left) < count) {
      visit(member);
      --count;
    }
    --left;
  });
}

Set Set::Clone() const {
  Set clone;
  if (ints_ != nullptr) clone.ints_ = std::make_unique<IntSet>(*ints_);
  clone.members_ = members_.Clone();
  clone.encoding_ = encoding_;
  return clone;
}

size_t Set::MemoryBytes() const {
  const size_t bytes = RoundUpToSizeClass(sizeof(Set)) + members_.MemoryBytes();
  return ints_ == nullptr ? bytes
                          : bytes + RoundUpToSizeClass(sizeof(IntSet)) + ints_->MemoryBytes();
}

}  // namespace larder
