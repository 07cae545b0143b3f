// Puts files in the place of others, so that a crash or a cut of power leaves one of the two whole.
// All of it blocks; any thread, with no lock held but one that puts such changes in order.
#pragma once

#include <string>
#include <string_view>

namespace larder {

// Makes the names in a directory as durable as the files. 0, or errno.
int SyncDirectory(const std::string& path);

struct Replaced {
  bool in_place = false;  // the new file has the name, though after an error perhaps not for good
  int error = 0;          // errno; 0: everything is done
};
// Gives the name `path` to a file of the same directory, which is written and synced.
Replaced RenameFile(const std::string& from, const std::string& path);
// Puts a copy of the file `from`, which may be on another file system, in the place of `path`.
Replaced ReplaceWithCopy(const std::string& from, const std::string& path,
                         const std::string& temporary);
// Writes a small file anew: first under the name `temporary`, in the same directory.
Replaced ReplaceFile(const std::string& path, std::string_view text, const std::string& temporary);
// The same with a temporary name that no other process takes.
Replaced ReplaceFile(const std::string& path, std::string_view text);

}  // namespace larder
