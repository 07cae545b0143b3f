#include "server/commands/command_names.h"

#include <algorithm>
#include <utility>

#include "server/base/strings.h"

namespace larder {
namespace {

using Name = std::pair<uint64_t, std::string_view>;

// Those that Redis shows; it keeps may_replicate, protected and sentinel to itself.
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

std::vector<std::string_view> NamesOf(std::span<const Name> names, uint64_t bits) {
  std::vector<std::string_view> found;
  for (const auto& [bit, name] : names) {
    if (bits & bit) found.push_back(name);
  }
  return found;
}

}  // namespace

std::vector<std::string_view> CommandFlagNames(uint64_t flags) { return NamesOf(kFlags, flags); }
std::vector<std::string_view> KeyFlagNames(uint16_t flags) { return NamesOf(kKeyFlags, flags); }
std::vector<std::string_view> CategoryNames(uint32_t categories) {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < std::size(kCategoryNames); ++i) {
    if (categories >> i & 1) names.push_back(kCategoryNames[i]);
  }
  return names;
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

}  // namespace larder
