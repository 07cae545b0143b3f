// Bitmaps: strings seen as bits, where bit 0 is the highest bit of the first byte. Pure functions
// over a string's blocks, under the lock of its shard. Bits are numbered from 0; ranges name their
// first and last bit, both inside the string.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "server/store/entry.h"
#include "server/store/string_blocks.h"

namespace larder {

// False behind the end.
bool BitAt(const StringBlocks& string, uint64_t bit);
// The number of ones in a range. REQUIRES: first <= last.
uint64_t CountBits(const StringBlocks& string, uint64_t first, uint64_t last);
// The first bit of a range with this value. REQUIRES: first <= last.
std::optional<uint64_t> FindBit(const StringBlocks& string, bool value, uint64_t first,
                                uint64_t last);

enum class BitOperation : uint8_t { kAnd, kOr, kXor, kNot };
// Block `i` of the operation over some strings (kNot: one), as long as in the longest of them; what
// is missing in a shorter one counts as zeros.
std::string CombineBlock(BitOperation operation, std::span<const StringBlocks> strings, size_t i);

// The `width` bits from `offset` on as an unsigned number; bits behind the end are zero. Width is 1
// to 64.
uint64_t ReadBits(const StringBlocks& string, uint64_t offset, int width);
// Overwrites them with the low bits of `value`. REQUIRES: they lie in the string.
void WriteBits(Entry& entry, uint64_t offset, int width, uint64_t value);

}  // namespace larder
