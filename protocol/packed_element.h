// PackedElement: an element of one of the packed formats, which keep what looks like an integer as
// one. As a number it is had without its digits, which are spelled for who asks for the text.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace larder {

class PackedElement {
 public:
  PackedElement() = default;
  explicit PackedElement(int64_t number) { Set(number); }

  // Of text a view is kept.
  void Set(std::string_view text) {
    text_ = text;
    is_number_ = false;
  }
  void Set(int64_t number) {
    number_ = number;
    is_number_ = true;
  }

  bool is_number() const { return is_number_; }
  // REQUIRES: is_number().
  int64_t number() const { return number_; }

  // The text's size in bytes.
  size_t size() const { return is_number_ ? DigitsOf(number_) : text_.size(); }
  // Of a number its digits, which live in here; else a view of where the element was read.
  std::string_view text() {
    if (!is_number_) return text_;
    const char* end = std::to_chars(digits_, digits_ + sizeof(digits_), number_).ptr;
    return {digits_, static_cast<size_t>(end - digits_)};
  }

 private:
  static size_t DigitsOf(int64_t number) {
    size_t digits = number < 0 ? 2 : 1;
    while (number /= 10) ++digits;
    return digits;
  }

  std::string_view text_;
  int64_t number_ = 0;
  bool is_number_ = false;
  char digits_[21];
};

}  // namespace larder
