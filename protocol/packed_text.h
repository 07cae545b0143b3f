// PackedText: an element of one of the packed formats as text, whatever it was kept as. The digits
// of a number live in here; a view is valid until the next one.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace larder {

class PackedText {
 public:
  std::string_view Digits(int64_t number) {
    const char* end = std::to_chars(digits_, digits_ + sizeof(digits_), number).ptr;
    return {digits_, static_cast<size_t>(end - digits_)};
  }

 private:
  char digits_[21];
};

}  // namespace larder
