// HyperLogLog: an estimate of how many different elements were added, in at most 12 KiB. It is a
// string, whose bytes are those that Redis writes, so that GET, SET, dumps and replicas exchange
// them (the format is described in Redis' hyperloglog.c; the estimate is Otmar Ertl's, "New
// cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284).
//
//   | "HYLL" | encoding: 0 dense, 1 sparse | 3 bytes | cached estimate 8, highest bit: outdated |
//
// then 16384 registers: dense, of 6 bits each, or sparse, as runs of equal registers:
//
//   00llllll            l+1 registers of zero
//   01llllll llllllll   l+1 registers of zero
//   1vvvvvll            l+1 registers of v+1
//
// The value is kept as bytes and not as a type of its own; these functions read and change the
// bytes. Pure functions: the caller holds the lock of the shard the bytes come from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace larder::hyperloglog {

inline constexpr size_t kRegisters = 16384;
inline constexpr size_t kHeaderBytes = 16;
inline constexpr size_t kDenseBytes = kHeaderBytes + kRegisters * 6 / 8;

enum class Encoding : uint8_t { kDense = 0, kSparse = 1 };
enum class Change : uint8_t { kNone, kRegister, kCorrupt };
using Registers = std::array<uint8_t, kRegisters>;

// An empty one, sparse.
std::string New();
// False where the bytes are no HyperLogLog. What follows the header may still be corrupt, if it is
// sparse. Everything below REQUIRES it.
bool IsValid(std::string_view bytes);
Encoding EncodingOf(std::string_view bytes);

// Adds an element. A sparse one that gets longer than `most_sparse_bytes` becomes dense
// (hll-sparse-max-bytes).
Change Add(std::string* bytes, std::string_view element, size_t most_sparse_bytes);
// The same in place. REQUIRES: dense; `bytes` are kDenseBytes.
Change AddDense(char* bytes, std::string_view element);
// Raises the registers that are lower than those given.
void Raise(std::string* bytes, const Registers& registers, size_t most_sparse_bytes);
// False where it is corrupt.
bool MakeDense(std::string* bytes);

// All registers; nothing where it is corrupt.
std::optional<Registers> Decode(std::string_view bytes);
// Raises every register to the other's.
void Merge(Registers* registers, const Registers& other);
uint64_t Estimate(const Registers& registers);

// The estimate in the header, if it is up to date.
std::optional<uint64_t> CachedEstimate(std::string_view bytes);
// The header's eight bytes for an estimate, at kCacheOffset.
inline constexpr size_t kCacheOffset = 8;
std::array<char, 8> CacheBytes(uint64_t estimate);
// Marks the estimate in the header as outdated.
void InvalidateCache(char* bytes);

// The runs of a sparse one as PFDEBUG DECODE prints them: "Z:1000 v:3,1 z:20".
std::string DescribeRuns(std::string_view bytes);

// PFSELFTEST: registers keep their values, and estimates of up to a million elements are as exact
// as promised in both encodings. Empty, or what failed. Takes about half a second.
std::string SelfTest(size_t most_sparse_bytes);

}  // namespace larder::hyperloglog
