// Args: the words of one request, the command's name first. Views into the input of the connection:
// whoever keeps a word beyond the command copies it.
#pragma once

#include <span>
#include <string_view>

namespace larder {

using Args = std::span<const std::string_view>;

}  // namespace larder
