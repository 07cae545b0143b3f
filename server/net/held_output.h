// HeldOutput: which part of a connection's output must not be sent yet: replies of commands whose
// changes are not safe (server/engine/reply_hold.h), and what is behind them. Positions count bytes
// of the output from its beginning. One thread; nothing is allocated until something is held.
//
// Bounded: kMostMarks places are told apart; beyond, what is added waits with the last of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace larder {

class HeldOutput {
 public:
  bool empty() const { return marks_.empty(); }
  // All up to `end` waits for `offset` of the log. REQUIRES: neither is below those before.
  void Hold(size_t end, uint64_t offset) {
    const bool same = !marks_.empty() && (marks_.back().offset == offset || full());
    if (same) {
      marks_.back() = {end, offset};
    } else {
      marks_.push_back({end, offset});
    }
  }
  // What waits for an offset up to `safe` is free. True where that is more than before.
  bool Free(uint64_t safe) {
    size_t freed = 0;
    while (freed < marks_.size() && marks_[freed].offset <= safe) free_ = marks_[freed++].end;
    marks_.erase(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(freed));
    if (marks_.empty()) free_ = 0;
    return freed > 0;
  }
  // How much of an output of `size` bytes may be sent.
  size_t free(size_t size) const { return empty() ? size : free_; }
  // The output has lost bytes that were sent at its front.
  void DropFront(size_t bytes) {
    for (Mark& mark : marks_) mark.end -= bytes;
    free_ -= empty() ? 0 : bytes;
  }

 private:
  static constexpr size_t kMostMarks = 64;  // more syncs than a fast disk does in a round trip

  struct Mark {
    size_t end;
    uint64_t offset;
  };
  bool full() const { return marks_.size() == kMostMarks; }

  std::vector<Mark> marks_;  // ascending
  size_t free_ = 0;
};

}  // namespace larder
