#include "server/config/database_set.h"

#include <algorithm>
#include <string>
#include <vector>

#include "server/base/numbers.h"
#include "server/config/words.h"

namespace larder {

DatabaseSet& DatabaseSet::operator=(const DatabaseSet& other) {
  for (size_t i = 0; i < words_.size(); ++i) {
    words_[i].store(other.words_[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
  return *this;
}

bool DatabaseSet::operator==(const DatabaseSet& other) const {
  return std::equal(words_.begin(), words_.end(), other.words_.begin(),
                    [](const auto& a, const auto& b) { return a.load() == b.load(); });
}

DatabaseSet DatabaseSet::LeftOut(std::string_view database_persist) {
  DatabaseSet set;
  const std::vector<std::string> words = ValueWords(database_persist);
  for (size_t i = 0; i + 1 < words.size(); i += 2) {
    int64_t db;
    if (words[i + 1] == "no" && ParseInt64(words[i], &db)) set.Add(db);
  }
  return set;
}

bool DatabaseSet::empty() const {
  return std::all_of(words_.begin(), words_.end(), [](const auto& word) { return word == 0; });
}

void DatabaseSet::Add(int64_t db) {
  if (db < 0 || db >= static_cast<int64_t>(kMost)) return;
  const auto index = static_cast<size_t>(db);
  words_[index / 64].fetch_or(uint64_t{1} << (index % 64), std::memory_order_relaxed);
}

void DatabaseSet::Add(const DatabaseSet& other) {
  for (size_t i = 0; i < words_.size(); ++i) {
    words_[i].fetch_or(other.words_[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
  }
}

}  // namespace larder
