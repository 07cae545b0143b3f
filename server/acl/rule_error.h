// Why a rule of a user was not taken, and Redis' words for it. Pure functions: any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace larder {

enum class RuleError : uint8_t {
  kNone,
  kSyntax,
  kUnknownCommand,       // or category
  kPatternAfterAll,      // ~… where all keys are allowed already
  kChannelAfterAll,      // &… where all channels are
  kNoSuchPassword,       // to be removed
  kBadHash,              // not 64 digits of lower-case hexadecimal
  kFirstArgOfSubcommand  // +config|get|x
};

constexpr std::string_view TextOf(RuleError error) {
  switch (error) {
    case RuleError::kNone:
      return "";
    case RuleError::kSyntax:
      return "Syntax error";
    case RuleError::kUnknownCommand:
      return "Unknown command or category name in ACL";
    case RuleError::kPatternAfterAll:
      return "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does "
             "not have any effect. Try 'resetkeys' to start with an empty list of patterns";
    case RuleError::kChannelAfterAll:
      return "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and "
             "does not have any effect. Try 'resetchannels' to start with an empty list of "
             "channels";
    case RuleError::kNoSuchPassword:
      return "The password you are trying to remove from the user does not exist";
    case RuleError::kBadHash:
      return "The password hash must be exactly 64 characters and contain only lowercase "
             "hexadecimal characters";
    case RuleError::kFirstArgOfSubcommand:
      return "Allowing first-arg of a subcommand is not supported";
  }
  return "";
}

}  // namespace larder
