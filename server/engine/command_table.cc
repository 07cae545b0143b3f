#include "server/engine/command_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "server/base/check.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/config/directive.h"
#include "server/engine/syntax.h"

namespace larder {
namespace {

constexpr size_t kPrefixBytes = 8;

template <typename Word>
uint64_t Load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// Makes the capitals among eight characters small, all at once: a byte from 'A' to 'Z' reaches its
// highest bit by the first sum and not by the second.
uint64_t SmallLetters(uint64_t characters) {
  constexpr uint64_t kEach = 0x0101010101010101;
  const uint64_t low = characters & 0x7f * kEach;
  const uint64_t from_a = low + (0x80 - 'A') * kEach, behind_z = low + (0x7f - 'Z') * kEach;
  const uint64_t capital = from_a & ~behind_z & ~characters & 0x80 * kEach;
  return characters | capital >> 2;
}

// The first eight characters of a name in small letters as a number, zeros behind a shorter one.
// Nearly every name is told from all others by it and its length.
inline uint64_t PrefixOf(std::string_view name) {
  const char* text = name.data();
  const size_t size = name.size();
  if (size >= kPrefixBytes) return SmallLetters(Load<uint64_t>(text));
  if (size >= 4) {
    return SmallLetters(Load<uint32_t>(text) | Load<uint32_t>(text + size - 4) << (size - 4) * 8);
  }
  if (size == 0) return 0;
  return SmallLetters(Load<uint8_t>(text) | Load<uint8_t>(text + size / 2) << size / 2 * 8 |
                      Load<uint8_t>(text + size - 1) << (size - 1) * 8);
}

size_t HashPrefix(uint64_t prefix, size_t size) {
  return static_cast<size_t>((prefix + size) * 0x9e3779b97f4a7c15 >> 40);
}

bool RunsScript(Program program) {
  return program == Program::kSource || program == Program::kDigest ||
         program == Program::kFunction;
}

// Always exactly one key, at a place of its own.
bool IsOneWord(const KeySpec& spec) {
  return spec.find == KeySpec::Find::kRange && spec.keyword.empty() && spec.last == 0 &&
         spec.begin > 0 && !(spec.flags & kNotKey);
}

}  // namespace

CommandTable::CommandTable(std::span<const std::span<const Command>> rows) {
  for (std::span<const Command> room : rows) {
    commands_.insert(commands_.end(), room.begin(), room.end());
  }
  slots_.resize(std::bit_ceil(commands_.size() * 4 + 4));
  for (Command& command : commands_) {
    if (!(command.flags & kFast) && command.complexity != "O(1)") command.flags |= kMayBeSlow;
    if (command.flags & kExclusive) command.flags |= kMayBeSlow;
    if (RunsScript(command.program)) command.flags |= kRunsScript;
    for (size_t i = 0; i < command.keys.size; ++i) {
      const KeySpec& spec = command.keys.specs[i];
      if (spec.find != KeySpec::Find::kRange || !spec.keyword.empty()) {
        command.flags |= kMovableKeys;
      }
    }
    if (command.keys.size == 1 && IsOneWord(command.keys.specs[0])) command.flags |= kOneKey;
    if (command.parent.empty()) {
      CHECK(Find(command.name) == nullptr);  // two rows with one name
      Index(command.name, command);
    }
  }
  for (const Command& sub : commands_) {
    const Command* parent = sub.parent.empty() ? nullptr : Find(sub.parent);
    if (parent != nullptr) commands_[number(*parent)].flags |= kContainer;
  }
  for (const Command& command : commands_) Check(command);
}

void CommandTable::Index(std::string_view name, const Command& command) {
  const uint64_t prefix = PrefixOf(name);
  size_t i = HashPrefix(prefix, name.size()) & (slots_.size() - 1);
  while (slots_[i].command != nullptr) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = {prefix, name, &command};
}

// The slots are filled anew: one that was emptied would end the search for those behind it.
std::string CommandTable::Rename(std::string_view from, std::string_view to) {
  const Command* command = Find(from);
  if (command == nullptr) return "No such command in rename-command";
  if (Find(to) != nullptr) return "Target command name already exists";
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size()));
  for (const Slot& slot : old) {
    if (slot.command != nullptr && slot.command != command) Index(slot.name, *slot.command);
  }
  if (to.empty()) {
    removed_.push_back(command);
  } else {
    Index(new_names_.emplace_back(ToLower(to)), *command);
  }
  return "";
}

void CommandTable::Check(const Command& command) const {
  CHECK(!command.name.empty() && command.name == ToLower(command.name));
  CHECK(command.arity != 0 && !command.group.empty() && !command.since.empty());
  CHECK(!command.summary.empty());
  CHECK(!((command.flags & kWrite) && (command.flags & kReadOnly)));
  CHECK(!(command.flags & kProtectedCommand) || DirectiveOf(command) != nullptr);
  if (!command.parent.empty()) {
    const Command* parent = Find(command.parent);
    CHECK(parent != nullptr && parent->parent.empty());
    CHECK(command.run != nullptr && (command.arity >= 2 || command.arity <= -2));
  }
  for (size_t i = 0; i < command.keys.size; ++i) {
    const KeySpec& spec = command.keys.specs[i];
    CHECK(spec.find == KeySpec::Find::kUnknown || spec.begin != 0);
    CHECK(spec.step > 0 && spec.flags != 0);
  }
  ParseSyntax(command.syntax, command.keys.size);
  std::vector<Change> changes = ChangesOf(command);
  if (!command.deprecated.empty()) changes.push_back(DeprecationOf(command));
  for (const Change& change : changes) {
    CHECK(!change.version.empty() && !change.text.empty());
    CHECK(change.version.find_first_not_of("0123456789.") == std::string_view::npos);
  }
}

const Command* CommandTable::Find(std::string_view name) const {
  const size_t mask = slots_.size() - 1;
  const uint64_t prefix = PrefixOf(name);
  for (size_t i = HashPrefix(prefix, name.size()) & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.command == nullptr) return nullptr;
    if (slot.prefix != prefix || slot.name.size() != name.size()) continue;
    if (name.size() <= kPrefixBytes ||
        EqualsIgnoreCase(slot.name.substr(kPrefixBytes), name.substr(kPrefixBytes))) {
      return slot.command;
    }
  }
}

const Command* CommandTable::FindSub(const Command& container, std::string_view name) const {
  for (const Command& command : commands_) {
    if (command.parent == container.name && EqualsIgnoreCase(command.name, name)) return &command;
  }
  return nullptr;
}

const Command* CommandTable::FindByFullName(std::string_view full_name) const {
  const size_t bar = full_name.find('|');
  const Command* command = Find(full_name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command;
  return FindSub(*command, full_name.substr(bar + 1));
}

std::vector<const Command*> CommandTable::Reachable() const {
  auto removed = [this](const Command& command) {
    return std::any_of(removed_.begin(), removed_.end(), [&](const Command* gone) {
      return gone == &command || gone->name == command.parent;
    });
  };
  std::vector<const Command*> found;
  for (const Command& command : commands_) {
    if (!removed(command)) found.push_back(&command);
  }
  return found;
}

std::vector<const Command*> CommandTable::ReachableTopLevel() const {
  std::vector<const Command*> found = Reachable();
  std::erase_if(found, [](const Command* command) { return !command->parent.empty(); });
  return found;
}

std::vector<const Command*> CommandTable::SubcommandsOf(const Command& container) const {
  std::vector<const Command*> found;
  if (!container.parent.empty()) return found;
  for (const Command& command : commands_) {
    if (command.parent == container.name) found.push_back(&command);
  }
  return found;
}

std::string CommandTable::FullName(const Command& command) {
  if (command.parent.empty()) return std::string(command.name);
  return StrCat(command.parent, "|", command.name);
}

const Directive* CommandTable::DirectiveOf(const Command& command) {
  const std::string_view name = command.parent.empty() ? command.name : command.parent;
  return FindDirective(StrCat("enable-", name, "-command"));
}

uint32_t CommandTable::Categories(const Command& command) {
  uint32_t categories = command.categories;
  if (command.flags & kWrite) categories |= kCatWrite;
  // Scripts may read without being reads themselves.
  if ((command.flags & kReadOnly) && !(categories & kCatScripting)) categories |= kCatRead;
  if (command.flags & kAdmin) categories |= kCatAdmin | kCatDangerous;
  if (command.flags & kPubSub) categories |= kCatPubSub;
  if (command.flags & kBlocking) categories |= kCatBlocking;
  categories |= (command.flags & kFast) ? kCatFast : kCatSlow;
  return categories;
}

namespace {

CommandTable::Change ReadChange(std::string_view line) {
  const size_t blank = line.find(' ');
  CHECK(blank != std::string_view::npos);
  return {line.substr(0, blank), line.substr(blank + 1)};
}

}  // namespace

std::vector<CommandTable::Change> CommandTable::ChangesOf(const Command& command) {
  std::vector<Change> changes;
  for (std::string_view rest = command.history; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    changes.push_back(ReadChange(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return changes;
}

CommandTable::Change CommandTable::DeprecationOf(const Command& command) {
  return ReadChange(command.deprecated);
}

namespace {

// The word a keyword search stops at, or -1.
int FindKeyword(const KeySpec& spec, Args args) {
  const int size = static_cast<int>(args.size());
  if (spec.begin > 0) {
    for (int i = spec.begin; i < size - 1; ++i) {
      if (EqualsIgnoreCase(args[static_cast<size_t>(i)], spec.keyword)) return i + 1;
    }
  } else {
    for (int i = size + spec.begin; i > 0; --i) {
      if (EqualsIgnoreCase(args[static_cast<size_t>(i)], spec.keyword) && i + 1 < size)
        return i + 1;
    }
  }
  return -1;
}

bool AppendKeys(const KeySpec& spec, Args args, std::vector<KeyPosition>& positions) {
  const int size = static_cast<int>(args.size());
  const int begin = spec.keyword.empty() ? spec.begin : FindKeyword(spec, args);
  if (begin < 0) return true;
  int first = begin, last, step = spec.step;
  if (spec.find == KeySpec::Find::kKeyNum) {
    int64_t count;
    if (begin + spec.key_num >= size) return false;
    if (!ParseInt64(args[static_cast<size_t>(begin + spec.key_num)], &count)) return false;
    first = begin + spec.first;
    if (count < 0 || count > size - first) return false;
    last = first + static_cast<int>(count) - 1;
  } else if (spec.last >= 0) {
    last = begin + spec.last;
  } else {
    last = size + spec.last;
    if (spec.limit > 1) last = begin + (size - begin) / spec.limit - 1;
  }
  if (last >= size) return false;
  for (int i = first; i <= last; i += step) {
    positions.push_back({static_cast<uint32_t>(i), spec.flags});
  }
  return true;
}

}  // namespace

bool FindKeys(const Command& command, Args args, std::vector<KeyPosition>& positions) {
  if (command.find_keys != nullptr) return command.find_keys(args, positions);
  for (size_t i = 0; i < command.keys.size; ++i) {
    const KeySpec& spec = command.keys.specs[i];
    if (spec.find == KeySpec::Find::kUnknown) continue;
    if (!AppendKeys(spec, args, positions)) return false;
  }
  return true;
}

}  // namespace larder
