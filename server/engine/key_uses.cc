#include "server/engine/key_uses.h"

#include <algorithm>
#include <span>

#include "server/base/strings.h"

namespace larder {
namespace {

bool HasWord(Args words, std::string_view word, size_t from) {
  for (size_t i = from; i < words.size(); ++i) {
    if (EqualsIgnoreCase(words[i], word)) return true;
  }
  return false;
}

// An option with words behind it, which are no options whatever they look like.
struct Option {
  std::string_view name;
  size_t words;
  bool target = false;  // its word is the key where the result goes
};
constexpr Option kSortOptions[] = {{"limit", 2}, {"by", 1}, {"get", 1}, {"store", 1, true}};
constexpr Option kGeoOptions[] = {{"count", 1}, {"store", 1, true}, {"storedist", 1, true}};

// The word that names where the result goes, or 0, found as the command itself reads its options
// from `i` on: of several the last one counts.
size_t FindTarget(Args words, size_t i, std::span<const Option> options) {
  size_t target = 0;
  for (; i < words.size(); ++i) {
    const auto option = std::find_if(options.begin(), options.end(), [&](const Option& known) {
      return EqualsIgnoreCase(words[i], known.name);
    });
    if (option == options.end()) continue;
    if (option->target && i + 1 < words.size()) target = i + 1;
    i += option->words;
  }
  return target;
}

// Keys that no specification finds: SORT's STORE, which may stand anywhere, and the last of several
// that GEORADIUS names. `begin` is the first position of this command.
void AppendHiddenKeys(const Command& command, Args words, size_t begin,
                      std::vector<KeyPosition>& positions) {
  size_t target = 0;
  if (command.name == "sort") target = FindTarget(words, 2, kSortOptions);
  if (command.name == "georadius") target = FindTarget(words, 6, kGeoOptions);
  if (command.name == "georadiusbymember") target = FindTarget(words, 5, kGeoOptions);
  const bool known =
      std::any_of(positions.begin() + static_cast<ptrdiff_t>(begin), positions.end(),
                  [target](const KeyPosition& position) { return position.index == target; });
  if (target == 0 || known) return;
  positions.push_back({static_cast<uint32_t>(target), kOW | kUpdate});
}

// The keys of MIGRATE stand behind KEYS where the one before it is empty; a word of the options
// before may look like KEYS as well.
void FindKeysOfMigrate(Args words, std::vector<KeyPosition>& positions) {
  constexpr size_t kKeyWord = 3, kFirstOption = 6;
  size_t first = kKeyWord, end = kKeyWord + 1;
  for (size_t i = kFirstOption; i < words.size(); ++i) {
    if (EqualsIgnoreCase(words[i], "keys")) {
      first = words[kKeyWord].empty() ? i + 1 : end;  // both are an error, without keys
      end = words[kKeyWord].empty() ? words.size() : end;
      break;
    }
    if (EqualsIgnoreCase(words[i], "auth")) i += 1;
    if (EqualsIgnoreCase(words[i], "auth2")) i += 2;
  }
  for (size_t i = first; i < end; ++i) {
    positions.push_back({static_cast<uint32_t>(i), kRW | kAccess | kDelete});
  }
}

// A use of a key that depends on the options (SET with GET reads).
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

}  // namespace

bool FindKeyUses(const Command& command, Args words, std::vector<KeyPosition>& positions) {
  if (command.name == "migrate") {
    FindKeysOfMigrate(words, positions);
    return true;
  }
  const size_t before = positions.size();
  if (!FindKeys(command, words, positions)) {
    positions.resize(before);
    return false;
  }
  AppendHiddenKeys(command, words, before, positions);
  for (size_t i = before; i < positions.size(); ++i) {
    positions[i].flags = ActualKeyFlags(command, words, positions[i].flags);
  }
  return true;
}

}  // namespace larder
