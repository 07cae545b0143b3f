#include "server/script/reply_to_lua.h"

#include <algorithm>
#include <array>
#include <limits>
#include <lua.hpp>
#include <optional>

#include "protocol/reply_parser.h"
#include "server/base/hash.h"
#include "server/base/strings.h"
#include "server/script/error_table.h"
#include "server/script/lua_strings.h"
#include "server/script/names.h"

namespace larder {
namespace {

using Type = ReplyItem::Type;

// Arrays of so many items are made without the collector.
constexpr size_t kManyItems = 4096;

class CollectorStopped {
 public:
  explicit CollectorStopped(lua_State* state)
      : state_(state), bytes_before_(StopCollector(state)) {}
  ~CollectorStopped() { GoOnCollecting(state_, bytes_before_); }
  CollectorStopped(const CollectorStopped&) = delete;
  CollectorStopped& operator=(const CollectorStopped&) = delete;

 private:
  lua_State* const state_;
  const size_t bytes_before_;
};

// Fetches into the cache where the strings of a long array will be looked for.
class StringsAhead {
 public:
  StringsAhead(lua_State* state, std::string_view encoded) : state_(state), rest_(encoded) {
    for (size_t i = 0; i < kAhead; ++i) Step();
  }
  void Step() {
    FetchString(state_, hashes_[(next_ + kAhead / 2) % kAhead]);
    ReplyItem item;
    size_t consumed;
    if (NextReplyItem(rest_, &item, &consumed) != ParseResult::kItem) return;
    rest_.remove_prefix(consumed);
    const uint64_t hash = item.type == Type::kBulk ? HashBytes(item.text) : 0;
    FetchChain(state_, hash);
    hashes_[next_++ % kAhead] = hash;
  }

 private:
  static constexpr size_t kAhead = 8;
  lua_State* const state_;
  std::string_view rest_;
  std::array<uint64_t, kAhead> hashes_{};
  size_t next_ = 0;
};

class ReplyPusher {
 public:
  ReplyPusher(lua_State* state, std::string_view encoded) : state_(state), rest_(encoded) {}

  void Push() {
    ReplyItem item;
    const char type = Next(&item);
    luaL_checkstack(state_, 6, "reply nested too deeply");
    switch (item.type) {
      case Type::kInteger:
        return lua_pushnumber(state_, static_cast<lua_Number>(item.integer));
      case Type::kBulk:
        return PushText(item.text);
      case Type::kNull:
        return type == '_' ? lua_pushnil(state_) : lua_pushboolean(state_, 0);
      case Type::kBool:
        return lua_pushboolean(state_, item.integer != 0);
      case Type::kStatus:
        PushText(item.text);
        return WrapAs(Name::kOk);
      case Type::kError:
        return PushError(item.text);
      case Type::kDouble:
        lua_pushnumber(state_, item.number);
        return WrapAs(Name::kDouble);
      case Type::kBigNumber:
        PushText(item.text);
        return WrapAs(Name::kBigNumber);
      case Type::kVerbatim:
        return PushVerbatim(item);
      case Type::kArray:
      case Type::kPush:
        return PushArray(item.count);
      case Type::kMap:
        return PushMap(item.count);
      case Type::kSet:
        return PushSet(item.count);
      case Type::kAttribute:
        return PushDescribed(item.count);
    }
  }

 private:
  // Takes the next item off the front; returns how its type is spelled.
  char Next(ReplyItem* item) {
    size_t consumed;
    if (NextReplyItem(rest_, item, &consumed) != ParseResult::kItem) {
      RaiseErrorTable(state_, "ERR malformed reply of a command");
    }
    const char type = rest_.front();
    rest_.remove_prefix(consumed);
    return type;
  }

  void PushText(std::string_view text) { lua_pushlstring(state_, text.data(), text.size()); }

  // Replaces the value on top by a table with it as its only field.
  void WrapAs(Name name) {
    lua_createtable(state_, 0, 1);
    lua_insert(state_, -2);
    PushName(state_, name);
    lua_insert(state_, -2);
    lua_rawset(state_, -3);
  }

  void PushError(std::string_view text) {
    const bool has_code = text.find(' ') != text.npos;
    PushCountedErrorTable(state_, has_code ? std::string(text) : StrCat("ERR ", text));
  }

  void PushVerbatim(const ReplyItem& item) {
    lua_createtable(state_, 0, 2);
    PushName(state_, Name::kString);
    PushText(item.text);
    lua_rawset(state_, -3);
    PushName(state_, Name::kFormat);
    PushText(item.format);
    lua_rawset(state_, -3);
    WrapAs(Name::kVerbatim);
  }

  void PushArray(size_t count) {
    // An element takes three bytes at least, so a count that lies allocates little.
    const size_t room = std::min<size_t>({count, rest_.size() / 3 + 1, 1 << 24});
    lua_createtable(state_, static_cast<int>(room), 0);
    std::optional<CollectorStopped> stopped;
    std::optional<StringsAhead> ahead;
    if (count >= kManyItems) {
      stopped.emplace(state_);
      ahead.emplace(state_, rest_);
    }
    for (size_t i = 1; i <= count; ++i) {
      if (ahead) ahead->Step();
      Push();
      lua_rawseti(state_, -2, static_cast<int>(i));
    }
  }

  void PushMap(size_t pairs) {
    lua_newtable(state_);
    for (size_t i = 0; i < pairs; ++i) {
      Push();
      Push();
      lua_rawset(state_, -3);
    }
    WrapAs(Name::kMap);
  }

  void PushSet(size_t count) {
    lua_newtable(state_);
    for (size_t i = 0; i < count; ++i) {
      Push();
      lua_pushboolean(state_, 1);
      lua_rawset(state_, -3);
    }
    WrapAs(Name::kSet);
  }

  // Scripts see what is described, not the attributes.
  void PushDescribed(size_t pairs) {
    for (size_t left = 2 * pairs; left > 0; --left) {
      ReplyItem item;
      Next(&item);
      left += item.following();
    }
    Push();
  }

  lua_State* const state_;
  std::string_view rest_;
};

}  // namespace

void PushReply(lua_State* state, std::string_view encoded) { ReplyPusher(state, encoded).Push(); }

}  // namespace larder
