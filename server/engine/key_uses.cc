#include "server/engine/key_uses.h"

#include "server/base/strings.h"

namespace larder {
namespace {

bool HasWord(Args words, std::string_view word, size_t from) {
  for (size_t i = from; i < words.size(); ++i) {
    if (EqualsIgnoreCase(words[i], word)) return true;
  }
  return false;
}

// Keys that no specification finds: SORT's STORE, which may stand anywhere. Of several the last one
// counts.
void AppendHiddenKeys(const Command& command, Args words, std::vector<KeyPosition>& positions) {
  if (command.name != "sort") return;
  for (size_t i = words.size() - 1; i-- > 2;) {
    if (!EqualsIgnoreCase(words[i], "store")) continue;
    return positions.push_back({static_cast<uint32_t>(i + 1), kOW | kUpdate});
  }
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
  AppendHiddenKeys(command, words, positions);
  for (size_t i = before; i < positions.size(); ++i) {
    positions[i].flags = ActualKeyFlags(command, words, positions[i].flags);
  }
  return true;
}

}  // namespace larder
