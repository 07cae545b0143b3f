// InfoWriter: lines "name:value" as INFO has them, numbers as Redis prints them. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/strings.h"

namespace larder {

class InfoWriter {
 public:
  explicit InfoWriter(std::string& out) : out_(out) {}

  template <typename Value>
  void Field(std::string_view name, const Value& value) {
    StrAppend(out_, name, ":", value, "\r\n");
  }
  void Ratio(std::string_view name, double value, std::string_view unit = "");  // two decimals
  void Seconds(std::string_view name, int64_t seconds, int64_t microseconds);
  // The field in bytes, and the same for people in NAME_human.
  void Bytes(std::string_view name, size_t bytes);
  void Human(std::string_view name, size_t bytes);

 private:
  std::string& out_;
};

// "991.14K", "1.00M", "200B".
std::string HumanBytes(size_t bytes);

}  // namespace larder
