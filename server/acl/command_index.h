// CommandIndex: what permissions know of the commands, by number and by name. The engine fills it
// from its table; names are those of the rows, whatever rename-command makes of them. Read-only
// after its construction: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/base/string_map.h"

namespace larder {

struct AclCommand {
  std::string name;             // lower case, "client|setname"
  uint32_t categories = 0;      // AclCategory bits, all of them
  bool always_allowed = false;  // AUTH, HELLO …: what nobody can be refused
};

class CommandIndex {
 public:
  // A command's number is its place. Containers come with all their subcommands.
  explicit CommandIndex(std::vector<AclCommand> commands);

  // The command called "get" or "client|setname", in any case.
  std::optional<uint32_t> Find(std::string_view name) const;
  const AclCommand& operator[](uint32_t number) const { return commands_[number].facts; }
  uint32_t size() const { return static_cast<uint32_t>(commands_.size()); }

  const std::vector<uint32_t>& SubcommandsOf(uint32_t number) const {
    return commands_[number].subcommands;
  }

 private:
  struct Entry {
    AclCommand facts;
    std::vector<uint32_t> subcommands;
  };
  std::vector<Entry> commands_;
  StringMap<uint32_t> numbers_;
};

}  // namespace larder
