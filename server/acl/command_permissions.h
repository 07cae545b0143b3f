// CommandPermissions: a bit for each command, and the first arguments with which a command is
// allowed although its bit is not set (+select|0). One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/acl/command_index.h"

namespace larder {

class CommandPermissions {
 public:
  explicit CommandPermissions(const CommandIndex& index, bool all = false);

  bool operator[](uint32_t number) const { return (bits_[number / 64] >> number % 64 & 1) != 0; }
  bool all() const { return allowed_ == index_->size(); }
  bool AllowsFirstArgument(uint32_t number, std::string_view argument) const;

  // Each returns whether it changed anything. A container takes its subcommands along.
  bool Set(uint32_t number, bool allow);
  bool SetCategory(uint32_t category, bool allow);
  bool AllowFirstArgument(uint32_t number, std::string_view argument);

 private:
  bool SetBit(uint32_t number, bool allow);

  const CommandIndex* index_;
  std::vector<uint64_t> bits_;
  uint32_t allowed_ = 0;                                          // bits that are set
  std::map<uint32_t, std::vector<std::string>> first_arguments_;  // lower case
};

}  // namespace larder
