// TextSource: an RdbSource that reads from memory, which must outlive it.
#pragma once

#include <cstddef>
#include <string_view>

#include "protocol/rdb_reader.h"

namespace larder {

class TextSource : public RdbSource {
 public:
  explicit TextSource(std::string_view text) : text_(text) {}
  size_t Read(char* to, size_t most) override {
    const size_t size = text_.copy(to, most);
    text_.remove_prefix(size);
    return size;
  }

 private:
  std::string_view text_;
};

}  // namespace larder
