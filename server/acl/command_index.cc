#include "server/acl/command_index.h"

#include "server/base/strings.h"

namespace larder {

CommandIndex::CommandIndex(std::vector<AclCommand> commands) {
  for (AclCommand& command : commands) {
    numbers_.emplace(command.name, size());
    commands_.push_back({std::move(command), {}});
  }
  for (uint32_t number = 0; number < size(); ++number) {
    const std::string& name = commands_[number].facts.name;
    const size_t bar = name.find('|');
    if (bar == std::string::npos) continue;
    if (const auto parent = Find(std::string_view(name).substr(0, bar))) {
      commands_[*parent].subcommands.push_back(number);
    }
  }
}

std::optional<uint32_t> CommandIndex::Find(std::string_view name) const {
  const auto found = numbers_.find(ToLower(name));
  if (found == numbers_.end()) return std::nullopt;
  return found->second;
}

}  // namespace larder
