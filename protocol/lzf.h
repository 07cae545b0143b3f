// LZF, the compression of strings in RDB files (http://oldhome.schmorp.de/marc/liblzf.html), by
// Debian's liblzf. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace larder {

// Puts the packed bytes into *packed. False where that would not save `least_saved` bytes.
bool CompressLzf(std::string_view bytes, size_t least_saved, std::string* packed);

// Unpacks to exactly `size` bytes. False where the packed bytes are damaged, or stand for another
// number of bytes; a size that they can not stand for allocates nothing.
bool DecompressLzf(std::string_view packed, size_t size, std::string* bytes);

}  // namespace larder
