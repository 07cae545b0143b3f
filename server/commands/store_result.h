// What a command that stores its result (SINTERSTORE, SORT, BITOP) leaves under its target: the
// result, or no key where it is empty. Called by handlers, with the locks of their keys held.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "server/engine/context.h"

namespace larder {

// Removes the target where there is one, also where its time is over, and tells.
inline void DeleteTarget(Context& c, const Key& target) {
  if (c.Delete(target)) c.Changed(target, NotifyClass::kGeneric, "del");
}

// Puts the collection in the place of whatever the target held, or removes the target where it is
// empty; tells either, and answers its size.
template <typename T>
void StoreOrDelete(Context& c, const Key& target, std::unique_ptr<T> result, NotifyClass notify,
                   std::string_view event, size_t changes = 1) {
  const auto size = static_cast<int64_t>(result->size());
  if (size > 0) {
    c.Store(target, std::move(result));
    c.Changed(target, notify, event, changes);
  } else {
    DeleteTarget(c, target);
  }
  c.reply.Integer(size);
}

}  // namespace larder
