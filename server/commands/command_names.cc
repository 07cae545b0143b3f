#include "server/commands/command_names.h"

#include <algorithm>
#include <utility>

#include "server/base/strings.h"

namespace larder {
namespace {

using Name = std::pair<uint32_t, std::string_view>;

constexpr Name kFlags[] = {
    {kWrite, "write"},
    {kReadOnly, "readonly"},
    {kDenyOom, "denyoom"},
    {kAdmin, "admin"},
    {kPubSub, "pubsub"},
    {kNoScript, "noscript"},
    {kBlocking, "blocking"},
    {kLoading, "loading"},
    {kStale, "stale"},
    {kSkipMonitor, "skip_monitor"},
    {kSkipSlowlog, "skip_slowlog"},
    {kAsking, "asking"},
    {kFast, "fast"},
    {kNoAuth, "no_auth"},
    {kMayReplicate, "may_replicate"},
    {kNoMandatoryKeys, "no_mandatory_keys"},
    {kNoAsyncLoading, "no_async_loading"},
    {kNoMulti, "no_multi"},
    {kMovableKeys, "movablekeys"},
    {kAllowBusy, "allow_busy"},
};

constexpr Name kKeyFlags[] = {
    {kRO, "RO"},
    {kRW, "RW"},
    {kOW, "OW"},
    {kRM, "RM"},
    {kAccess, "access"},
    {kUpdate, "update"},
    {kInsert, "insert"},
    {kDelete, "delete"},
    {kNotKey, "not_key"},
    {kIncomplete, "incomplete"},
    {kVariableFlags, "variable_flags"},
};

constexpr Name kCategories[] = {
    {kCatKeyspace, "keyspace"},
    {kCatRead, "read"},
    {kCatWrite, "write"},
    {kCatSet, "set"},
    {kCatSortedSet, "sortedset"},
    {kCatList, "list"},
    {kCatHash, "hash"},
    {kCatString, "string"},
    {kCatBitmap, "bitmap"},
    {kCatHyperLogLog, "hyperloglog"},
    {kCatGeo, "geo"},
    {kCatStream, "stream"},
    {kCatPubSub, "pubsub"},
    {kCatAdmin, "admin"},
    {kCatFast, "fast"},
    {kCatSlow, "slow"},
    {kCatBlocking, "blocking"},
    {kCatDangerous, "dangerous"},
    {kCatConnection, "connection"},
    {kCatTransaction, "transaction"},
    {kCatScripting, "scripting"},
};

std::vector<std::string_view> NamesOf(std::span<const Name> names, uint32_t bits) {
  std::vector<std::string_view> found;
  for (const auto& [bit, name] : names) {
    if (bits & bit) found.push_back(name);
  }
  return found;
}

bool HasWord(Args words, std::string_view word, size_t from) {
  for (size_t i = from; i < words.size(); ++i) {
    if (EqualsIgnoreCase(words[i], word)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string_view> CommandFlagNames(uint32_t flags) { return NamesOf(kFlags, flags); }
std::vector<std::string_view> KeyFlagNames(uint16_t flags) { return NamesOf(kKeyFlags, flags); }
std::vector<std::string_view> CategoryNames(uint32_t categories) {
  return NamesOf(kCategories, categories);
}

uint32_t CategoryByName(std::string_view name) {
  for (const auto& [bit, category] : kCategories) {
    if (EqualsIgnoreCase(category, name)) return bit;
  }
  return 0;
}

LegacyKeys LegacyKeysOf(const Command& command) {
  LegacyKeys keys;
  for (size_t i = 0; i < command.keys.size; ++i) {
    const KeySpec& spec = command.keys.specs[i];
    if (spec.find != KeySpec::Find::kRange || !spec.keyword.empty()) break;
    const int last = spec.last < 0 ? spec.last : spec.begin + spec.last;
    if (i == 0) {
      keys = {spec.begin, last, spec.step};
    } else if (keys.step == 1 && spec.step == 1 && spec.begin == keys.last + 1) {
      keys.last = last;  // LMOVE: source and destination side by side
    } else {
      break;
    }
  }
  return keys;
}

void AppendHiddenKeys(const Command& command, Args words, std::vector<KeyPosition>* positions) {
  if (command.name != "sort") return;
  // Of several the last one counts.
  for (size_t i = words.size() - 1; i-- > 2;) {
    if (!EqualsIgnoreCase(words[i], "store")) continue;
    positions->push_back({static_cast<uint32_t>(i + 1), kOW | kUpdate});
    return;
  }
}

uint16_t ActualKeyFlags(const Command& command, Args words, uint16_t flags) {
  if (!(flags & kVariableFlags)) return flags;
  if (command.name == "set") {
    return HasWord(words, "get", 3) ? kRW | kAccess | kUpdate : kOW | kUpdate;
  }
  if (command.name == "bitfield") {
    const bool writes = HasWord(words, "set", 2) || HasWord(words, "incrby", 2);
    return writes ? kRW | kAccess | kUpdate : kRO | kAccess;
  }
  return flags;
}

}  // namespace larder
