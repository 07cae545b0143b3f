// The profile `elasticache yes`, row by row: all that is different under it, for a trial of what
// AWS offers. Who uses a row decides nothing else. Constants: any thread.
#pragma once

#include <string_view>
#include <utility>

namespace larder::elasticache {

using Row = std::pair<std::string_view, std::string_view>;

// Defaults of directives: where AWS' parameter groups for Redis 7 differ from redis.conf.
inline constexpr Row kDefaults[] = {{"close-on-replica-write", "yes"},
                                    {"maxclients", "65000"},
                                    {"maxmemory-policy", "volatile-lru"}};

// Commands that AWS keeps for itself (its page "Restricted Redis OSS commands"), and PSYNC, which
// is SYNC too.
inline constexpr std::string_view kRestricted[] = {"bgrewriteaof", "bgsave",    "config", "debug",
                                                   "migrate",      "replicaof", "save",   "slaveof",
                                                   "shutdown",     "sync",      "psync"};

// Fields of INFO that are not the customer's business, and what they say.
inline constexpr Row kInfo[] = {{"redis_git_sha1", "0"},  {"os", "Amazon ElastiCache"},
                                {"gcc_version", "0.0.0"}, {"process_id", "1"},
                                {"executable", "-"},      {"config_file", "-"}};

// Before and behind each word of what is no command: AWS still writes it as Redis did before 7.0.
inline constexpr Row kQuotes = {"`", "`, "};

// What a field of INFO says; "" where it says what is so.
constexpr std::string_view InfoOf(std::string_view field) {
  for (const auto& [name, value] : kInfo) {
    if (name == field) return value;
  }
  return "";
}

}  // namespace larder::elasticache
