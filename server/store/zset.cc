#include "server/store/zset.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "server/base/check.h"
#include "server/store/size_class.h"

namespace larder {
namespace {

double ScoreOf(const BulkView& value) {
  double score;
  CHECK(value.bytes.size() == sizeof(score));
  std::memcpy(&score, value.bytes.data(), sizeof(score));
  return score;
}

uint32_t Clipped(size_t size) { return static_cast<uint32_t>(std::min<size_t>(size, UINT32_MAX)); }

}  // namespace

size_t ZSet::MemoryBytes() const {
  return RoundUpToSizeClass(sizeof(*this)) + tree_.MemoryBytes() + scores_.MemoryBytes();
}

ZSet ZSet::Clone() const {
  ZSet clone;
  clone.tree_ = tree_;
  clone.scores_ = scores_.Clone();
  clone.most_entries_ = most_entries_;
  clone.longest_member_bytes_ = longest_member_bytes_;
  return clone;
}

std::optional<ZSet::Element> ZSet::FindInBlock(std::string_view member) const {
  for (Cursor cursor = tree_.CursorAt(0); cursor.valid(); cursor.Next()) {
    if (cursor.member().bytes == member) return Element{cursor.rank(), cursor.score()};
  }
  return std::nullopt;
}

std::optional<ZSet::Element> ZSet::Find(std::string_view member) const {
  if (tree_.is_leaf()) return FindInBlock(member);
  const std::optional<BulkView> value = scores_.Find(member);
  if (!value) return std::nullopt;
  const double score = ScoreOf(*value);
  return Element{tree_.CountBelow(Bound::Before(score, member)), score};
}

std::optional<double> ZSet::Score(std::string_view member) const {
  if (tree_.is_leaf()) {
    const std::optional<Element> element = FindInBlock(member);
    return element ? std::optional(element->score) : std::nullopt;
  }
  const std::optional<BulkView> value = scores_.Find(member);
  return value ? std::optional(ScoreOf(*value)) : std::nullopt;
}

std::optional<size_t> ZSet::Rank(std::string_view member) const {
  const std::optional<Element> element = Find(member);
  return element ? std::optional(element->rank) : std::nullopt;
}

void ZSet::SetInDict(std::string_view member, double score) {
  char bytes[sizeof(score)];
  std::memcpy(bytes, &score, sizeof(score));
  scores_.Set(member, BulkView{{bytes, sizeof(bytes)}});
}

void ZSet::AdjustDict() {
  if (tree_.is_sparse()) {
    if (!scores_.empty()) scores_.Clear();
  } else if (!tree_.is_leaf() && scores_.empty()) {
    for (Cursor cursor = tree_.CursorAt(0); cursor.valid(); cursor.Next()) {
      SetInDict(cursor.member().bytes, cursor.score());
    }
  }
}

bool ZSet::Set(std::string_view member, double score) {
  if (const std::optional<double> old = Score(member)) {
    if (*old == score && std::signbit(*old) == std::signbit(score)) return false;
    tree_.Move(*old, member, score);
    AdjustDict();
    if (!scores_.empty()) SetInDict(member, score);
    return false;
  }
  AddNew(member, score);
  return true;
}

void ZSet::AddNew(std::string_view member, double score, size_t more) {
  tree_.Insert(score, member, more);
  if (!scores_.empty()) SetInDict(member, score);
  AdjustDict();
  most_entries_ = std::max(most_entries_, Clipped(size()));
  longest_member_bytes_ = std::max(longest_member_bytes_, Clipped(member.size()));
}

bool ZSet::Remove(std::string_view member) {
  const std::optional<Element> element = Find(member);
  if (!element) return false;
  tree_.Erase(element->rank, 1);
  if (!scores_.empty()) scores_.Erase(member);
  AdjustDict();
  return true;
}

void ZSet::RemoveRange(size_t rank, size_t count) {
  CHECK(rank + count <= size());
  if (!scores_.empty()) {
    Cursor cursor = tree_.CursorAt(rank);
    for (size_t i = 0; i < count; ++i, cursor.Next()) scores_.Erase(cursor.member().bytes);
  }
  tree_.Erase(rank, count);
  AdjustDict();
}

uint64_t ZSet::Scan(uint64_t cursor, size_t count, bool whole, Visitor visit) const {
  if (!whole && !tree_.is_leaf()) {
    return scores_.Scan(cursor, count, [&](const DictRecord& record) {
      visit(BulkView{record.key}, ScoreOf(record.value));
    });
  }
  for (Cursor at = tree_.CursorAt(0); at.valid(); at.Next()) visit(at.member(), at.score());
  return 0;
}

std::string_view ZSet::Encoding(size_t max_entries, size_t max_member_bytes) const {
  const bool listpack = most_entries_ <= max_entries && longest_member_bytes_ <= max_member_bytes;
  return listpack ? "listpack" : "skiplist";
}

}  // namespace larder
