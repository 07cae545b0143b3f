// Lookahead: requests that were parsed and wait to be executed, so that the memory of many can be
// prefetched before the first of them runs. Their words are views into their connections' input.
// One thread at a time (whoever runs the loop).
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "server/net/connection.h"

namespace larder {

class Lookahead {
 public:
  // More in flight than the memory system takes at once gains nothing.
  static constexpr size_t kMost = 32;

  struct Item {
    Connection* connection = nullptr;
    std::vector<std::string_view> args;
    size_t begin = 0, end = 0;  // in the connection's input
    uint64_t key_hash = 0;      // of the second word, where it was prefetched
    bool malformed = false;     // the parser's error stands in for a request
  };

  bool done() const { return next_ == size_; }
  bool full() const { return size_ == kMost; }
  void Clear() { size_ = next_ = 0; }

  // A cleared item to fill in; Push keeps it.
  Item& Spare() { return items_[size_]; }
  void Push() { ++size_; }
  Item& Next() { return items_[next_++]; }
  // The item that Next gave last.
  Item& Last() { return items_[next_ - 1]; }

  template <typename Visit>
  void ForEach(Visit visit) {
    for (size_t i = 0; i < size_; ++i) visit(items_[i]);
  }
  size_t size() const { return size_; }

 private:
  Item items_[kMost];
  size_t size_ = 0, next_ = 0;
};

}  // namespace larder
