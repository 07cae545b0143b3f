// The payload of FUNCTION DUMP and RESTORE: for each library the opcode that it has in RDB files
// and its source, then version and checksum as behind every DUMP payload. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace larder {

std::string MakeLibraryDump(std::span<const std::string> sources);

// Reads the sources of a payload whose version and checksum are in order. Why it can't be read
// ("ERR ..."), or nothing.
std::string ReadLibraryDump(std::string_view payload, std::vector<std::string>* sources);

}  // namespace larder
