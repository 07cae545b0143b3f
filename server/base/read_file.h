// Reads a small file: a configuration, a list of users, a manifest. Blocks; any thread, with no
// lock held.
#pragma once

#include <string>

namespace larder {

// All that the file holds now, in *text, at most 64 MiB. 0, or errno; what can't be read is never
// taken for empty.
int ReadFile(const std::string& path, std::string* text);

}  // namespace larder
