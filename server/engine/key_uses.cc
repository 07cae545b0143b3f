#include "server/engine/key_uses.h"

#include <algorithm>

#include "server/base/strings.h"

namespace larder {
namespace {

// The word that names where the result goes, or 0.
size_t FindTarget(Args words, size_t i, std::span<const KeyOption> options) {
  size_t target = 0;
  for (; i < words.size(); ++i) {
    const auto option = std::find_if(options.begin(), options.end(), [&](const KeyOption& known) {
      return EqualsIgnoreCase(words[i], known.name);
    });
    if (option == options.end()) continue;
    if (option->target && i + 1 < words.size()) target = i + 1;
    i += option->words;
  }
  return target;
}

}  // namespace

bool FindKeyUses(const Command& command, Args words, std::vector<KeyPosition>* keys) {
  keys->clear();
  if (!FindKeys(command, words, *keys)) {
    keys->clear();
    return false;
  }
  if (command.settle_keys != nullptr) command.settle_keys(words, *keys);
  return true;
}

bool HasWord(Args words, std::string_view word, size_t from) {
  for (size_t i = from; i < words.size(); ++i) {
    if (EqualsIgnoreCase(words[i], word)) return true;
  }
  return false;
}

void AddTargetKey(Args words, size_t first, std::span<const KeyOption> options,
                  std::vector<KeyPosition>& keys) {
  const size_t target = FindTarget(words, first, options);
  const bool known = std::any_of(keys.begin(), keys.end(), [target](const KeyPosition& position) {
    return position.index == target;
  });
  if (target == 0 || known) return;
  keys.push_back({static_cast<uint32_t>(target), kOW | kUpdate});
}

}  // namespace larder
