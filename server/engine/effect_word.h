// EffectWord: one word of an effect for the replication log: a text, or a number that is printed.
// Lives on the stack for one call of Context::ReplicateAs.
#pragma once

#include <concepts>
#include <string_view>

#include "server/base/numbers.h"

namespace larder {

class EffectWord {
 public:
  explicit EffectWord(std::string_view text) : text_(text) {}
  explicit EffectWord(std::integral auto number)
      : size_(FormatInt(digits_, static_cast<int64_t>(number))) {}

  std::string_view view() const { return size_ == 0 ? text_ : std::string_view(digits_, size_); }

 private:
  std::string_view text_;
  char digits_[kMaxIntLength];
  size_t size_ = 0;
};

}  // namespace larder
