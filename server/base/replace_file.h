// ReplaceFile: a small file written anew. Blocks; any thread, with no lock held.
#pragma once

#include <string>
#include <string_view>

namespace larder {

// Writes a file beside the old one and renames it, so that a crash leaves one of the two whole.
// False, with errno, where that fails; the old file is still there.
bool ReplaceFile(const std::string& path, std::string_view text);

}  // namespace larder
