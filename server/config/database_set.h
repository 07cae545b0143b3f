// DatabaseSet: some of the databases, a bit each. One thread at a time writes; any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder {

class DatabaseSet {
 public:
  static constexpr size_t kMost = 1024;  // as `databases` may be: every shard has a table for each

  DatabaseSet() = default;
  DatabaseSet(const DatabaseSet& other) { *this = other; }
  DatabaseSet& operator=(const DatabaseSet& other);
  bool operator==(const DatabaseSet& other) const;

  // Those that a value of database-persist says no to.
  static DatabaseSet LeftOut(std::string_view database_persist);

  // Numbers that no database has are in no set.
  bool Has(int64_t db) const {
    if (db < 0 || db >= static_cast<int64_t>(kMost)) return false;
    const auto index = static_cast<size_t>(db);
    return (words_[index / 64].load(std::memory_order_relaxed) >> (index % 64)) & 1;
  }
  bool empty() const;
  void Add(int64_t db);
  void Add(const DatabaseSet& other);

 private:
  std::array<std::atomic<uint64_t>, kMost / 64> words_ = {};
};

}  // namespace larder
