// AofManifest: which files the append-only file consists of, as the manifest beside them says it,
// a line for each:
//
//   file appendonly.aof.2.base.rdb seq 2 type b     the data set at one moment
//   file appendonly.aof.1.incr.aof seq 1 type h     no longer needed
//   file appendonly.aof.2.incr.aof seq 2 type i     what has happened since, in order
//
// The format is Redis 7's (https://redis.io/docs/management/persistence). A value; no thread's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

class AofManifest {
 public:
  enum class Type : char { kBase = 'b', kHistory = 'h', kIncrement = 'i' };
  struct File {
    std::string name;
    int64_t number = 0;
    Type type = Type::kBase;
    bool operator==(const File&) const = default;
  };

  // Nothing, with Redis' reason and the line that it is about, where the text is no manifest.
  static std::optional<AofManifest> Parse(std::string_view text, std::string* error);
  std::string Format() const;

  bool empty() const { return !base && increments.empty(); }
  // The files that make up the data set, in the order in which they are loaded.
  std::vector<std::string> Names() const;

  // `stem` is the directive appendfilename. Adds an increment behind the others.
  const File& AddIncrement(std::string_view stem);
  // A new base, which stands for the one before and for all increments but the last `kept`.
  const File& ReplaceBase(std::string_view stem, bool rdb, size_t kept);

  std::optional<File> base;
  std::vector<File> history;
  std::vector<File> increments;

 private:
  static constexpr size_t kMostLineBytes = 1024;  // as Redis

  bool AddLine(std::string_view line, std::string* error);
  bool IsHistory(const std::string& name) const;

  int64_t last_base_ = 0, last_increment_ = 0;  // numbers
};

}  // namespace larder
