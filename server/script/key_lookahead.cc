#include "server/script/key_lookahead.h"

#include <utility>

#include "protocol/reply_parser.h"
#include "server/base/hash.h"

namespace larder {
namespace {

// How many members before its turn each of the steps to a value is fetched: the slot of the table
// at once, when the member is parsed; then, each through the one before, these.
constexpr size_t kEntryAhead = 11;
constexpr size_t kValueAhead = 7;
constexpr size_t kContentsAhead = 3;

}  // namespace

void KeyLookahead::Stop() {
  left_ = 0;
  reply_ = ByteBuffer();
}

void KeyLookahead::Take(ByteBuffer&& reply) {
  reply_ = std::move(reply);
  rest_ = reply_.view();
  met_ = parsed_ = 0;
  misses_ = 0;
  ReplyItem head;
  size_t consumed;
  const bool items = NextReplyItem(rest_, &head, &consumed) == ParseResult::kItem &&
                     (head.type == ReplyItem::Type::kArray || head.type == ReplyItem::Type::kSet);
  if (!items || head.count < kAhead) return Stop();
  rest_.remove_prefix(consumed);
  left_ = head.count;
  if (!Parse(&first_)) Stop();
}

// False where what follows is no string.
bool KeyLookahead::Parse(std::string_view* member) {
  ReplyItem item;
  size_t consumed;
  if (NextReplyItem(rest_, &item, &consumed) != ParseResult::kItem) return false;
  if (item.type != ReplyItem::Type::kBulk) return false;
  rest_.remove_prefix(consumed);
  *member = item.text;
  return true;
}

bool KeyLookahead::IsKeyOf(std::string_view key, std::string_view member) const {
  return key.size() == prefix_.size() + member.size() && key.ends_with(member) &&
         key.starts_with(prefix_);
}

void KeyLookahead::Follow(int db, std::string_view key) {
  const bool begins = met_ == 0 && key.ends_with(first_);
  if (begins) prefix_ = key.substr(0, key.size() - first_.size());
  if (!begins && (met_ == 0 || !IsKeyOf(key, ahead_[met_ % kAhead].text))) {
    if (++misses_ == kMostMisses) Stop();
    return;
  }
  misses_ = 0;
  ++met_;
  if (begins) parsed_ = 1;
  if (--left_ == 0) return Stop();
  Fetch(db);
}

void KeyLookahead::Fetch(int db) {
  while (parsed_ < met_ + kAhead && parsed_ < met_ + left_) {
    Member& member = ahead_[parsed_ % kAhead];
    if (!Parse(&member.text)) return Stop();
    key_.assign(prefix_).append(member.text);
    member.hash = HashBytes(key_);
    keyspace_.PrefetchSlot(db, member.hash);
    ++parsed_;
  }
  const auto step = [&](size_t ahead, void (Table::*fetch)(uint64_t) const) {
    const uint64_t hash = KeyAhead(ahead);
    const Table* table = hash == 0 ? nullptr : keyspace_.TableOf(db, hash);
    if (table != nullptr) (table->*fetch)(hash);
  };
  step(kEntryAhead, &Table::PrefetchEntry);
  step(kValueAhead, &Table::PrefetchValue);
  step(kContentsAhead, &Table::PrefetchContents);
}

}  // namespace larder
