#include "server/script/library_load.h"

#include "server/base/clock.h"
#include "server/script/shebang.h"

namespace larder {

LibraryLoad::LibraryLoad(int64_t limit_ms) : limit_us_(limit_ms * 1000), since_us_(MonotonicUs()) {}

std::string_view LibraryLoad::Refuse(std::string_view name) const {
  if (!IsFunctionName(name)) return kBadFunctionName;
  for (const Function& function : functions_) {
    if (function.name == name) return "ERR Function already exists in the library";
  }
  return {};
}

std::string_view LibraryLoad::ReasonToStop() {
  if (limit_us_ == 0 || MonotonicUs() - since_us_ <= limit_us_) return {};
  return "ERR FUNCTION LOAD timeout";
}

}  // namespace larder
