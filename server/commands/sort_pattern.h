// SortPattern: the argument of SORT's BY and GET: a key, or key->field, with a star where the
// element goes; "#" is the element itself. Used behind the closed gate, since the keys can be any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/engine/context.h"

namespace larder {

class SortPattern {
 public:
  explicit SortPattern(std::string_view text);

  // True when there is no star: the same value for all elements.
  bool constant() const { return constant_; }
  // What the pattern means for an element; nothing where the key or field is absent, of another
  // type, or where the pattern is constant and not "#". The view is valid until the keyspace
  // changes; for "#" it is the element, for a large string `storage`.
  std::optional<BulkView> Lookup(Context& c, std::string_view element, std::string* storage) const;

 private:
  bool element_ = false;  // "#"
  bool constant_;
  std::string_view prefix_, suffix_;
  std::string_view field_;  // empty: the key holds a string
};

}  // namespace larder
