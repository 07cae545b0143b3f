// Interrupt: asked every now and then while Lua runs whether it must stop.
#pragma once

#include <string_view>

namespace larder {

class Interrupt {
 public:
  virtual ~Interrupt() = default;
  // Empty: go on. Else the error with which it ends ("ERR ...").
  virtual std::string_view ReasonToStop() = 0;
};

}  // namespace larder
