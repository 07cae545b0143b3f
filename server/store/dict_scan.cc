// The walks over a Dict that depend on hashes or on chance: scanning and sampling.
#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "server/base/hash.h"
#include "server/store/dict.h"

namespace larder {
namespace {

// A cursor is the top of a hash; the rest is cut so that cursors stay below 2^53: clients in
// JavaScript and Lua keep them as doubles.
constexpr int kCursorBits = 48;
constexpr uint64_t kEnd = uint64_t{1} << kCursorBits;

uint64_t CursorOf(uint64_t hash) { return hash >> (64 - kCursorBits); }

// Visits the segment's records with the lowest cursors from this one on: `count` if it has them,
// and those that share the last one's. Returns the lowest cursor that was not visited or, where all
// were, `end`. Adds to *visited.
uint64_t ScanSegment(const DictSegment& segment, uint64_t cursor, uint64_t end, size_t count,
                     Dict::Visitor visit, size_t* visited) {
  struct Candidate {
    uint64_t cursor;
    DictRecord record;
  };
  absl::InlinedVector<Candidate, 256> candidates;
  segment.ForEach([&](const DictRecord& record) {
    const uint64_t at = CursorOf(HashBytes(record.key));
    if (at >= cursor) candidates.push_back({at, record});
  });
  uint64_t last = kEnd;
  if (candidates.size() > count) {
    const auto nth = candidates.begin() + static_cast<ptrdiff_t>(count) - 1;
    std::nth_element(candidates.begin(), nth, candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.cursor < b.cursor; });
    last = nth->cursor;
  }
  for (const Candidate& candidate : candidates) {
    if (candidate.cursor > last) {
      end = std::min(end, candidate.cursor);
      continue;
    }
    visit(candidate.record);
    ++*visited;
  }
  return end;
}

}  // namespace

uint64_t Dict::Scan(uint64_t cursor, size_t count, Visitor visit) const {
  if (empty()) return 0;
  if (!large_ && !segment()->indexed()) {
    segment()->ForEach(visit);
    return 0;
  }
  // Segments that deletions have left empty are passed over, but not without end.
  constexpr size_t kFewSegments = 16;
  const size_t max_segments = std::max(count, kFewSegments);
  size_t visited = 0;
  for (size_t segments = 0; segments < max_segments && visited < count && cursor < kEnd;
       ++segments) {
    const DictSegment* segment = SegmentOf(cursor << (64 - kCursorBits));
    const int range_bits = kCursorBits - segment->depth();
    const uint64_t end = ((cursor >> range_bits) + 1) << range_bits;
    cursor = ScanSegment(*segment, cursor, end, count - visited, visit, &visited);
  }
  return cursor >= kEnd ? 0 : cursor;
}

DictRecord Dict::RandomRecord(Random& random) const {
  if (!large_) return segment()->At(segment()->RandomPosition(random));
  // A slot is met as often as its share of the hashes; accepting it in proportion to the records it
  // holds per share makes that their number. Half as many again as the average bounds it, so that
  // two of three attempts succeed.
  const size_t slots = directory().slots.size();
  const size_t bound = directory().size + directory().size / 2 + 1;
  while (true) {
    const DictSegment* segment = directory().slots[random.Below(slots)];
    const size_t weight = segment->count() << segment->depth();
    if (segment->count() > 0 && random.Below(bound) < weight) {
      return segment->At(segment->RandomPosition(random));
    }
  }
}

void Dict::Sample(size_t count, Random& random, Visitor visit) const {
  size_t left = size();
  if (count >= left) return ForEach(visit);
  if (count > left / 4) {
    // One walk that takes each record with the chance that keeps all choices equally likely.
    ForEach([&](const DictRecord& record) {
      if (count > 0 && random.Below(left) < count) {
        visit(record);
        --count;
      }
      --left;
    });
    return;
  }
  absl::flat_hash_set<const char*> seen;
  seen.reserve(count);
  while (seen.size() < count) {
    const DictRecord record = RandomRecord(random);
    if (seen.insert(record.key.data()).second) visit(record);
  }
}

}  // namespace larder
