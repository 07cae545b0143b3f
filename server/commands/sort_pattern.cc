#include "server/commands/sort_pattern.h"

#include "server/base/strings.h"
#include "server/store/hash.h"

namespace larder {

SortPattern::SortPattern(std::string_view text) {
  element_ = text == "#";
  const size_t star = text.find('*');
  constant_ = star == std::string_view::npos;
  if (constant_) return;
  prefix_ = text.substr(0, star);
  suffix_ = text.substr(star + 1);
  const size_t arrow = suffix_.find("->");
  if (arrow == std::string_view::npos || arrow + 2 == suffix_.size()) return;
  field_ = suffix_.substr(arrow + 2);
  suffix_ = suffix_.substr(0, arrow);
}

std::optional<BulkView> SortPattern::Lookup(Context& c, std::string_view element,
                                            std::string* storage) const {
  if (element_) return BulkView{element};
  if (constant_) return std::nullopt;
  const std::string name = StrCat(prefix_, element, suffix_);
  const Entry* entry = c.ReadEntry(c.KeyNamed(name, c.db()));
  if (entry == nullptr) return std::nullopt;
  if (!field_.empty()) {
    if (entry->type() != ValueType::kHash) return std::nullopt;
    return entry->object<Hash>()->Get(field_);
  }
  if (entry->type() != ValueType::kString) return std::nullopt;
  return BulkView{entry->string().Flatten(storage)};
}

}  // namespace larder
