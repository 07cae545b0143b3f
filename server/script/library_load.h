// LibraryLoad: the source of a library of functions while it runs: what it has registered, and how
// long it may take. On the stack of the thread that loads, with the gate closed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/script/interrupt.h"
#include "server/script/library_set.h"

namespace larder {

class LibraryLoad : public Interrupt {
 public:
  // `limit_ms` 0: no limit, for libraries that were loaded before (from a snapshot, by a primary).
  explicit LibraryLoad(int64_t limit_ms);

  // Why a function can not be registered under this name, or empty.
  std::string_view Refuse(std::string_view name) const;
  void Add(Function function) { functions_.push_back(std::move(function)); }

  std::string_view ReasonToStop() override;
  std::vector<Function>& functions() { return functions_; }

 private:
  const int64_t limit_us_;
  const int64_t since_us_;
  std::vector<Function> functions_;
};

}  // namespace larder
