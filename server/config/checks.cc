#include "server/config/checks.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
#include <set>
#include <vector>

#include "server/base/memory_limit.h"
#include "server/base/numbers.h"
#include "server/base/strings.h"
#include "server/base/time_of_day.h"
#include "server/config/database_set.h"
#include "server/config/words.h"

namespace larder {
namespace {

constexpr std::string_view kWrongNumber = "wrong number of arguments";
constexpr int64_t kMostDatabases = DatabaseSet::kMost;
constexpr std::string_view kClassNames[] = {"normal", "slave", "pubsub"};

// A single empty word stands for no words at all: save "".
std::span<const std::string> WithoutEmpty(std::span<const std::string> words) {
  return words.size() == 1 && words[0].empty() ? words.subspan(1) : words;
}

std::string Join(std::span<const std::string> words) {
  std::string joined;
  for (const std::string& word : words) StrAppend(joined, joined.empty() ? "" : " ", word);
  return joined;
}

int ClassIndex(std::string_view name) {
  if (EqualsIgnoreCase(name, "replica")) name = "slave";
  for (int i = 0; i < 3; ++i) {
    if (EqualsIgnoreCase(name, kClassNames[i])) return i;
  }
  return -1;
}

// "auto", or a number from 0 to `most`.
bool CheckAutoOr(int64_t most, const CheckInput& input, std::string* value, std::string* error) {
  *value = ToLower(input.words[0]);
  if (*value == "auto") return true;
  int64_t number = 0;
  *error = StrCat("argument must be 'auto' or between 0 and ", most, " inclusive");
  return ParseInt64(*value, &number) && number >= 0 && number <= most;
}

// -1 for "auto".
int64_t NumberOrAuto(std::string_view value) {
  int64_t number = -1;
  ParseInt64(value, &number);
  return number;
}

}  // namespace

bool CheckSave(const CheckInput& input, std::string* value, std::string* error) {
  std::span<const std::string> words = WithoutEmpty(input.words);
  *error = "Invalid save parameters";
  if (words.size() % 2 != 0) return false;
  for (size_t i = 0; i < words.size(); ++i) {
    int64_t number = 0;
    if (!ParseInt64(words[i], &number) || number < (i % 2 == 0 ? 1 : 0)) return false;
  }
  // Several `save` lines of a file add up; an empty one starts over.
  bool adds = input.loading && !words.empty() && !input.current.empty();
  *value = adds ? StrCat(input.current, " ", Join(words)) : Join(words);
  return true;
}

// Pairs of a database and yes or no, which change those that were said before; what is left are
// the databases that say no, in order.
bool CheckDatabasePersist(const CheckInput& input, std::string* value, std::string* error) {
  const std::span<const std::string> words = WithoutEmpty(input.words);
  std::set<int64_t> left_out;
  for (const std::string& word : ValueWords(input.current)) {
    int64_t db;
    if (ParseInt64(word, &db)) left_out.insert(db);
  }
  if (words.empty()) left_out.clear();
  *error = "argument must be pairs of a database and 'yes' or 'no'";
  if (words.size() % 2 != 0) return false;
  for (size_t i = 0; i < words.size(); i += 2) {
    int64_t db;
    const bool yes = EqualsIgnoreCase(words[i + 1], "yes");
    if (!ParseInt64(words[i], &db) || db < 0 || db >= kMostDatabases) return false;
    if (!yes && !EqualsIgnoreCase(words[i + 1], "no")) return false;
    yes ? void(left_out.erase(db)) : void(left_out.insert(db));
  }
  value->clear();
  for (int64_t db : left_out) StrAppend(*value, value->empty() ? "" : " ", db, " no");
  return true;
}

// A relative one starts at the one before; where there is none it leads nowhere.
bool CheckDir(const CheckInput& input, std::string* value, std::string* error) {
  std::filesystem::path path = input.words[0];
  if (!path.empty()) path = input.current / path;
  errno = ENOENT;
  char resolved[PATH_MAX];
  const bool usable = path.is_absolute() && realpath(path.c_str(), resolved) != nullptr &&
                      access(resolved, X_OK) == 0;
  if (!usable) return *error = std::strerror(errno), false;
  *value = resolved;
  return true;
}

bool CheckTimeOfDay(const CheckInput& input, std::string* value, std::string* error) {
  *value = input.words[0];
  *error = "argument must be a time of day like 03:30, or empty";
  return value->empty() || ParseTimeOfDay(*value).has_value();
}

bool CheckBind(const CheckInput& input, std::string* value, std::string* error) {
  constexpr size_t kMostAddresses = 16;  // as Redis
  std::span<const std::string> words = WithoutEmpty(input.words);
  if (words.size() > kMostAddresses) return *error = "Too many bind addresses specified.", false;
  *value = Join(words);
  return true;
}

// For a name alone, and one that a manifest can hold.
bool CheckBaseName(const CheckInput& input, std::string* value, std::string* error) {
  const std::string_view kind = input.name.ends_with("dirname") ? "dirname" : "filename";
  *value = input.words[0];
  *error = value->empty() ? StrCat(input.name, " can't be empty")
                          : StrCat(input.name, " can't be a path, just a ", kind);
  return !value->empty() && value->find_first_of("/\\") == std::string::npos;
}

bool CheckReplicaOf(const CheckInput& input, std::string* value, std::string* error) {
  if (input.words.size() != 2) return *error = kWrongNumber, false;
  if (EqualsIgnoreCase(input.words[0], "no") && EqualsIgnoreCase(input.words[1], "one")) {
    value->clear();
    return true;
  }
  int64_t port = 0;
  *error = "Invalid master port";
  if (!ParseInt64(input.words[1], &port) || port < 0 || port > 65535) return false;
  *value = Join(input.words);
  return true;
}

bool CheckOutputLimit(const CheckInput& input, std::string* value, std::string* error) {
  const std::span<const std::string> words = WithoutEmpty(input.words);
  *error = "Wrong number of arguments in buffer limit configuration.";
  if (words.size() % 4 != 0) return false;
  std::vector<std::string> limits = ValueWords(input.current);  // twelve words, always
  for (size_t i = 0; i < words.size(); i += 4) {
    int index = ClassIndex(words[i]);
    *error = "Invalid client class specified in buffer limit configuration.";
    if (index < 0) return false;
    uint64_t hard = 0, soft = 0;
    int64_t seconds = 0;
    *error = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    if (!ParseMemory(words[i + 1], &hard) || !ParseMemory(words[i + 2], &soft) ||
        !ParseInt64(words[i + 3], &seconds) || seconds < 0) {
      return false;
    }
    std::string* group = &limits[static_cast<size_t>(index) * 4];
    group[1] = StrCat(hard);
    group[2] = StrCat(soft);
    group[3] = StrCat(seconds);
  }
  *value = Join(limits);
  return true;
}

bool CheckPercentiles(const CheckInput& input, std::string* value, std::string* error) {
  std::vector<std::string> percentiles;
  for (const std::string& word : WithoutEmpty(input.words)) {
    double percentile = 0;
    *error = "Invalid latency-tracking-info-percentiles parameters";
    if (!ParseDouble(word, &percentile)) return false;
    *error = "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]";
    if (percentile < 0 || percentile > 100) return false;
    std::string text = std::to_string(percentile);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    percentiles.push_back(std::move(text));
  }
  *value = Join(percentiles);
  return true;
}

bool CheckOomValues(const CheckInput& input, std::string* value, std::string* error) {
  if (input.words.size() != 3) return *error = kWrongNumber, false;
  *error = "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
  for (const std::string& word : input.words) {
    int64_t number = 0;
    if (!ParseInt64(word, &number) || number < -2000 || number > 2000) return false;
  }
  *value = Join(input.words);
  return true;
}

// Bytes, or a share of the memory that this process may use, which is turned into bytes here.
bool CheckMaxmemory(const CheckInput& input, std::string* value, std::string* error) {
  const Check bytes_or_percent = {Check::Kind::kPercent, 0, std::numeric_limits<int64_t>::max()};
  const Check bytes = {Check::Kind::kMemory, 0, std::numeric_limits<int64_t>::max()};
  const bool percent = input.words.size() == 1 && input.words[0].ends_with('%');
  if (!RunCheck(percent ? bytes_or_percent : bytes, input, value, error)) return false;
  if (!percent) return true;
  int64_t share = 0;
  ParseInt64(std::string_view(*value).substr(0, value->size() - 1), &share);
  *value = StrCat(MemoryLimitBytes() / 100 * static_cast<uint64_t>(share));
  return true;
}

bool CheckBacklogSize(const CheckInput& input, std::string* value, std::string* error) {
  constexpr int64_t kFewestBytes = 16 * 1024;  // brought up to that, as in Redis
  const Check bytes = {Check::Kind::kMemory, 1, std::numeric_limits<int64_t>::max()};
  if (!RunCheck(bytes, input, value, error)) return false;
  *value = StrCat(std::max(NumberOf(bytes, *value), kFewestBytes));
  return true;
}

bool CheckHostname(const CheckInput& input, std::string* value, std::string* error) {
  constexpr size_t kMostLetters = 255;
  *value = input.words[0];
  *error = "Hostnames must be less than 256 characters";
  if (value->size() > kMostLetters) return false;
  *error = "Hostnames may only contain alphanumeric characters, hyphens or dots";
  return std::all_of(value->begin(), value->end(), [](char c) {
    return (c >= '0' && c <= '9') || (ToLower(c) >= 'a' && ToLower(c) <= 'z') || c == '-' ||
           c == '.';
  });
}

bool CheckShutdownFlags(const CheckInput& input, std::string* value, std::string* error) {
  static constexpr std::string_view kFlags[] = {"save", "nosave", "now", "force"};
  bool given[4] = {};
  bool valid = !input.words.empty();
  for (const std::string& word : input.words) {
    bool known = EqualsIgnoreCase(word, "default");
    for (size_t i = 0; i < 4; ++i) {
      if (EqualsIgnoreCase(word, kFlags[i])) known = given[i] = true;
    }
    valid = valid && known;
  }
  *error = "argument(s) must be one of the following: default, save, nosave, now, force";
  if (!valid) return false;
  *error = "shutdown options SAVE and NOSAVE can't be used simultaneously";
  if (given[0] && given[1]) return false;
  value->clear();
  for (size_t i = 0; i < 4; ++i) {
    if (given[i]) StrAppend(*value, value->empty() ? "" : " ", kFlags[i]);
  }
  if (value->empty()) *value = "default";
  return true;
}

// A text with variables in braces, which would be empty without a title; {{ is a brace.
bool CheckProcTitle(const CheckInput& input, std::string* value, std::string* error) {
  constexpr std::string_view kNeverEmpty[] = {"listen-addr", "port", "tls-port", "config-file"};
  constexpr std::string_view kMayBeEmpty[] = {"title", "server-mode", "unixsocket"};
  *error = "template format is invalid or contains unknown variables";
  auto among = [](const auto& names, std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  bool shows = false;
  for (std::string_view rest = input.words[0]; !rest.empty();) {
    if (rest[0] != '{' || rest.starts_with("{{")) {
      shows |= rest[0] != ' ';
      rest.remove_prefix(rest[0] == '{' ? 2 : 1);
      continue;
    }
    const size_t end = rest.find('}');
    if (end == std::string_view::npos) return false;
    const std::string_view name = rest.substr(1, end - 1);
    if (!among(kNeverEmpty, name) && !among(kMayBeEmpty, name)) return false;
    shows |= among(kNeverEmpty, name);
    rest.remove_prefix(end + 1);
  }
  *value = input.words[0];
  return shows;
}

// Canonical are the classes in this order, all of them as A, and then the others. Redis shows no n
// behind A; here what is shown is what is kept, so it stands at the end.
bool CheckNotifyFlags(const CheckInput& input, std::string* value, std::string* error) {
  constexpr std::string_view kAll = "g$lshzxetd";
  std::string_view others = "nKEm";
  std::string given = input.words[0];
  *error = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
  if (given.find_first_not_of("Ag$lshzxeKEtmdn") != std::string::npos) return false;
  if (given.find('A') != std::string::npos) given += kAll;
  auto has = [&](char c) { return given.find(c) != std::string::npos; };
  value->clear();
  std::copy_if(kAll.begin(), kAll.end(), std::back_inserter(*value), has);
  if (value->size() == kAll.size()) {
    *value = "A";
    others = "KEmn";
  }
  std::copy_if(others.begin(), others.end(), std::back_inserter(*value), has);
  return true;
}

bool CheckBusyPoll(const CheckInput& input, std::string* value, std::string* error) {
  return CheckAutoOr(1'000'000, input, value, error);  // a second of spinning serves nobody
}

bool CheckGather(const CheckInput& input, std::string* value, std::string* error) {
  return CheckAutoOr(10'000, input, value, error);  // what waits longer is a sleeping server
}

// A file may ask for it in vain; who asks the running server expects something to happen.
bool CheckDefrag(const CheckInput& input, std::string* value, std::string* error) {
  if (!RunCheck({Check::Kind::kBool}, input, value, error)) return false;
  *error = "Active defragmentation cannot be enabled: the allocator is left to itself";
  return *value == "no" || input.loading || *value == input.current;
}

bool CheckHz(const CheckInput& input, std::string* value, std::string* error) {
  int64_t hz = 0;
  *error = "argument couldn't be parsed into an integer";
  if (!ParseInt64(input.words[0], &hz)) return false;
  *error = "argument must be between 0 and 2147483647 inclusive";
  *value = StrCat(std::clamp<int64_t>(hz, 1, 500));  // a hint: brought into range, as in Redis
  return hz >= 0 && hz <= INT_MAX;
}

// Every line of the file adds one; a quoted line feed is an escape, so they can be told apart
// again.
bool CheckLines(const CheckInput& input, std::string* value, std::string* error) {
  if (input.words.empty()) return *error = "wrong number of arguments", false;
  std::string line;
  for (const std::string& word : input.words) {
    StrAppend(line, line.empty() ? "" : " ", QuoteWordIfNeeded(word));
  }
  *value = input.current.empty() ? line : StrCat(input.current, "\n", line);
  return true;
}

bool CheckRename(const CheckInput& input, std::string* value, std::string* error) {
  if (input.words.size() != 2) return *error = "wrong number of arguments", false;
  return CheckLines(input, value, error);
}

bool CheckAnything(const CheckInput& input, std::string* value, std::string*) {
  *value = Join(input.words);
  return true;
}

void PublishOutputLimits(std::string_view value, Settings& settings) {
  std::vector<std::string> words = ValueWords(value);
  for (size_t i = 0; i < settings.output_limits.size(); ++i) {
    OutputLimit& limit = settings.output_limits[i];
    Setting* targets[] = {&limit.hard_bytes, &limit.soft_bytes, &limit.soft_seconds};
    for (size_t j = 0; j < 3; ++j) {
      int64_t number = 0;
      ParseInt64(words[i * 4 + 1 + j], &number);
      targets[j]->Set(number);
    }
  }
}

void PublishMaxmemoryClients(std::string_view value, Settings& settings) {
  int64_t number = 0;
  const bool percent = value.ends_with('%');
  if (percent) value.remove_suffix(1);
  ParseInt64(value, &number);
  settings.maxmemory_clients.Set(percent ? -number : number);
}

void PublishBackupMinute(std::string_view value, Settings& settings) {
  settings.backup_minute.Set(ParseTimeOfDay(value).value_or(-1));
}

// `value` is canonical: "A" stands for all classes but n and m.
void PublishNotifyFlags(std::string_view value, Settings& settings) {
  constexpr std::string_view kLetters = "KEg$lshzxetmdn";  // in the order of NotifyClass' bits
  constexpr uint32_t kKinds = 3;                           // K and E
  uint32_t flags = 0;
  for (const char& letter : value) {
    for (char c : letter == 'A' ? std::string_view("g$lshzxetd") : std::string_view(&letter, 1)) {
      flags |= 1u << kLetters.find(c);
    }
  }
  settings.notify_events.Set((flags & kKinds) != 0 ? flags : 0);
}

void PublishAclChannels(std::string_view value, Settings& settings) {
  settings.acl_all_channels.Set(value == "allchannels");
}

void PublishBusyPoll(std::string_view value, Settings& settings) {
  settings.busy_poll_us.Set(NumberOrAuto(value));
}

void PublishGather(std::string_view value, Settings& settings) {
  settings.gather_us.Set(NumberOrAuto(value));
}

}  // namespace larder
