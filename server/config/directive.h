// Directive: one row of the configuration, and Check: how its value is read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/settings.h"

namespace larder {

// What a custom check knows: the directive, the words after it, the value so far, and whether a
// file or the command line is being read (where some directives add up over several lines).
struct CheckInput {
  std::string_view name;
  std::span<const std::string> words;
  std::string_view current;
  bool loading;
};

// Sets *value to the canonical text, or *error to Redis' words.
using CustomCheck = bool (*)(const CheckInput& input, std::string* value, std::string* error);

struct Check {
  enum class Kind : uint8_t { kText, kBool, kNumber, kOctal, kMemory, kPercent, kChoice, kCustom };

  Kind kind = Kind::kText;
  int64_t min = 0, max = 0;       // of numbers; memory is clipped at 2^63 - 1
  std::string_view choices = {};  // "no|yes|local"
  CustomCheck custom = nullptr;
};

// Reads `words` as a value of this kind. Values are kept as the text that CONFIG GET prints.
bool RunCheck(const Check& check, const CheckInput& input, std::string* value, std::string* error);

// The number that a canonical value stands for: 0 or 1 of a switch, the index of a choice.
int64_t NumberOf(const Check& check, std::string_view value);

enum class Effect : uint8_t {
  kEffective,  // larder does what Redis does
  kNone,       // accepted, and without an effect: larder has nothing of the kind
  kRefused,    // only the default is accepted: doing nothing would lose data or open a door
};

// Flags of a row.
enum : uint32_t {
  kLive = 1u << 0,         // CONFIG SET may change it
  kMultiWord = 1u << 1,    // takes several words
  kProtected = 1u << 2,    // CONFIG SET only with enable-protected-configs
  kSensitive = 1u << 3,    // a password: the slow log and MONITOR must not show it
  kHidden = 1u << 4,       // CONFIG GET answers only the exact name
  kFileOnly = 1u << 5,     // a line of the file, not a parameter: CONFIG GET does not know it
  kLines = 1u << 6,        // of which there may be several, each a value; CONFIG REWRITE writes all
  kNoEmptyLine = 1u << 7,  // without a value CONFIG REWRITE leaves the line out
  kNotInLoad = 1u << 8,    // a load that is under way depends on it: no CONFIG SET meanwhile
};

struct Directive {
  std::string_view name;
  std::string_view alias;  // the older name, or ""
  Check check;
  std::string_view default_value;  // canonical
  uint32_t flags;
  Effect effect;
  std::string_view sentence;           // what it does; if refused, what to do instead
  Setting Settings::*field = nullptr;  // where its number is published
  // Publishes a value that is more than one number.
  void (*publish)(std::string_view value, Settings& settings) = nullptr;
};

// As RunCheck, with what the row says of the number of words and of its effect.
bool ReadValue(const Directive& row, const CheckInput& input, std::string* value,
               std::string* error);
// Reads the words behind its name in a file or an argument, where several may come as one:
// --shutdown-on-sigterm "nosave force".
bool ReadLine(const Directive& row, std::vector<std::string> words, std::string_view current,
              std::string* value, std::string* error);

// All rows, in the order of directives.cc.
std::span<const Directive> Directives();

// The row with this name or alias, in any case; null where there is none.
const Directive* FindDirective(std::string_view name);

// The name (or alias) that needs the fewest edits to become this one, "" when all are far away.
std::string_view NearestDirective(std::string_view name);

}  // namespace larder
