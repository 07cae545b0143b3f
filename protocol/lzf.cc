#include "protocol/lzf.h"

#include <liblzf/lzf.h>

#include <limits>
#include <memory>

namespace larder {
namespace {

constexpr size_t kMostBytes = std::numeric_limits<unsigned int>::max();  // what liblzf counts with
constexpr size_t kMostPerByte = 264 / 3;  // three bytes stand for 264 at best

}  // namespace

bool CompressLzf(std::string_view bytes, size_t least_saved, std::string* packed) {
  if (bytes.size() <= least_saved || bytes.size() > kMostBytes) return false;
  // Not a string's: that would be zeroed first, of which most is cut off again.
  const auto room = static_cast<unsigned int>(bytes.size() - least_saved);
  const auto to = std::make_unique_for_overwrite<char[]>(room);
  const unsigned int size =
      lzf_compress(bytes.data(), static_cast<unsigned int>(bytes.size()), to.get(), room);
  packed->assign(to.get(), size);
  return size != 0;
}

bool DecompressLzf(std::string_view packed, size_t size, std::string* bytes) {
  if (packed.size() > kMostBytes || size > kMostBytes) return false;
  if (size == 0 || size / kMostPerByte > packed.size()) return false;
  bytes->resize(size);
  return lzf_decompress(packed.data(), static_cast<unsigned int>(packed.size()), bytes->data(),
                        static_cast<unsigned int>(size)) == size;
}

}  // namespace larder
