#include "server/acl/command_permissions.h"

#include <algorithm>

#include "server/base/strings.h"

namespace larder {

CommandPermissions::CommandPermissions(const CommandIndex& index, bool all)
    : index_(&index), bits_((index.size() + 63) / 64) {
  for (uint32_t number = 0; all && number < index.size(); ++number) SetBit(number, true);
}

bool CommandPermissions::AllowsFirstArgument(uint32_t number, std::string_view argument) const {
  const auto found = first_arguments_.find(number);
  if (found == first_arguments_.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](const std::string& allowed) {
    return EqualsIgnoreCase(allowed, argument);
  });
}

bool CommandPermissions::SetBit(uint32_t number, bool allow) {
  if ((*this)[number] == allow) return false;
  bits_[number / 64] ^= uint64_t{1} << number % 64;
  allow ? ++allowed_ : --allowed_;
  return true;
}

bool CommandPermissions::Set(uint32_t number, bool allow) {
  bool changed = SetBit(number, allow);
  changed |= first_arguments_.erase(number) != 0;
  for (uint32_t sub : index_->SubcommandsOf(number)) changed |= SetBit(sub, allow);
  return changed;
}

bool CommandPermissions::SetCategory(uint32_t category, bool allow) {
  bool changed = false;
  for (uint32_t number = 0; number < index_->size(); ++number) {
    if ((*index_)[number].categories & category) changed |= Set(number, allow);
  }
  return changed;
}

bool CommandPermissions::AllowFirstArgument(uint32_t number, std::string_view argument) {
  if ((*this)[number] || AllowsFirstArgument(number, argument)) return false;
  first_arguments_[number].push_back(ToLower(argument));
  return true;
}

}  // namespace larder
