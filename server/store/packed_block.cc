#include "server/store/packed_block.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "server/base/check.h"
#include "server/store/copied_bytes.h"
#include "server/store/size_class.h"

namespace larder {
namespace {

using Kind = PackedBlock::Kind;

// A record is [score, 8 bytes, if scored][header][element or pointer]. The header is one or two
// bytes: bit 0 says "pointer to a Blob", bit 1 "two bytes", the rest is the length.
constexpr uint8_t kIsBlob = 1;
constexpr uint8_t kTwoBytes = 2;
constexpr size_t kOneByteLengths = 64;

constexpr size_t ScoreBytes(Kind kind) { return kind == Kind::kScored ? sizeof(double) : 0; }

constexpr bool InBlob(Kind kind, size_t size) { return size > PackedBlock::MaxInline(kind); }

constexpr size_t RecordBytes(Kind kind, size_t size) {
  if (InBlob(kind, size)) return ScoreBytes(kind) + 1 + sizeof(Blob*);
  return ScoreBytes(kind) + (size < kOneByteLengths ? 1 : 2) + size;
}

size_t BytesOf(const Blob& blob) { return RoundUpToSizeClass(sizeof(Blob) + blob.size()); }

struct Record {
  const char* start;
  size_t bytes;
  BulkView element;
};

Record ReadRecord(Kind kind, const char* start) {
  const char* at = start + ScoreBytes(kind);
  const auto first = static_cast<uint8_t>(*at++);
  if ((first & kIsBlob) != 0) {
    const Blob* blob;
    std::memcpy(&blob, at, sizeof(blob));
    return {start, static_cast<size_t>(at - start) + sizeof(blob), {blob->view(), blob}};
  }
  size_t length = first >> 2;
  if ((first & kTwoBytes) != 0) length |= static_cast<size_t>(static_cast<uint8_t>(*at++)) << 6;
  return {start, static_cast<size_t>(at - start) + length, {{at, length}, nullptr}};
}

void WriteRecord(Kind kind, char* at, std::string_view element, double score) {
  if (kind == Kind::kScored) {
    std::memcpy(at, &score, sizeof(score));
    at += sizeof(score);
  }
  if (InBlob(kind, element.size())) {
    const Blob* blob = Blob::New(element);
    *at++ = static_cast<char>(kIsBlob);
    std::memcpy(at, &blob, sizeof(blob));
    return;
  }
  if (element.size() < kOneByteLengths) {
    *at++ = static_cast<char>(element.size() << 2);
  } else {
    *at++ = static_cast<char>((element.size() & 63) << 2 | kTwoBytes);
    *at++ = static_cast<char>(element.size() >> 6);
  }
  if (!element.empty()) std::memcpy(at, element.data(), element.size());
}

}  // namespace

struct PackedBlock::Rep {
  mutable std::atomic<uint32_t> references{1};
  uint16_t capacity;     // bytes after this header
  uint16_t count = 0;    // elements
  uint16_t heap = 0;     // bytes of records at the end, dead ones included
  uint16_t garbage = 0;  // bytes of dead records
  Kind kind;
  uint64_t blob_bytes = 0;  // of the Blobs that elements lie in

  Rep(Kind k, size_t bytes) : capacity(static_cast<uint16_t>(bytes)), kind(k) {}

  static Rep* New(Kind kind, size_t room) {
    const size_t bytes = RoundUpToSizeClass(sizeof(Rep) + room);
    CHECK(bytes <= kMaxBytes);
    void* memory = std::malloc(bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return new (memory) Rep(kind, bytes - sizeof(Rep));
  }

  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  uint16_t* index() { return reinterpret_cast<uint16_t*>(this + 1); }
  const uint16_t* index() const { return reinterpret_cast<const uint16_t*>(this + 1); }
  const char* start(size_t i) const { return data() + capacity - index()[i]; }
  char* start(size_t i) { return data() + capacity - index()[i]; }
  Record record(size_t i) const { return ReadRecord(kind, start(i)); }

  size_t index_bytes() const { return count * sizeof(uint16_t); }
  size_t room() const { return capacity - heap - index_bytes(); }
  size_t live() const { return heap - garbage + index_bytes(); }
  bool shared() const { return references.load(std::memory_order_acquire) != 1; }

  // Opens a place for a record before the i-th element. REQUIRES: room.
  char* Open(size_t i, size_t record_bytes) {
    uint16_t* place = index() + i;
    std::memmove(place + 1, place, (count - i) * sizeof(uint16_t));
    heap = static_cast<uint16_t>(heap + record_bytes);
    *place = heap;
    ++count;
    return data() + capacity - heap;
  }

  // Appends elements [first, last) of `from`. REQUIRES: room, the same kind.
  void AppendRecords(const Rep& from, size_t first, size_t last) {
    for (size_t i = first; i < last; ++i) {
      const Record record = from.record(i);
      std::memcpy(Open(count, record.bytes), record.start, record.bytes);
      if (record.element.blob == nullptr) continue;
      record.element.blob->Ref();
      blob_bytes += BytesOf(*record.element.blob);
    }
  }
};

size_t PackedBlock::Footprint(Kind kind, size_t size) {
  return RecordBytes(kind, size) + sizeof(uint16_t);
}

PackedBlock::PackedBlock(Kind kind) : rep_(Rep::New(kind, 0)) {}

PackedBlock::PackedBlock(const PackedBlock& other) : rep_(other.rep_) {
  rep_->references.fetch_add(1, std::memory_order_relaxed);
}

PackedBlock::~PackedBlock() {
  if (rep_ != nullptr) Release(rep_);
}

void PackedBlock::Release(Rep* rep) {
  if (rep->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  for (size_t i = 0; rep->blob_bytes > 0 && i < rep->count; ++i) {
    if (const Blob* blob = rep->record(i).element.blob) blob->Unref();
  }
  rep->~Rep();
  std::free(rep);
}

Kind PackedBlock::kind() const { return rep_->kind; }
size_t PackedBlock::count() const { return rep_->count; }
size_t PackedBlock::used_bytes() const { return sizeof(Rep) + rep_->live(); }

size_t PackedBlock::RoomAhead(size_t size, size_t more, size_t most) const {
  const size_t used = used_bytes() + Footprint(rep_->kind, size);
  return used < most ? std::min(more, most - used) : 0;
}

size_t PackedBlock::MemoryBytes() const { return sizeof(Rep) + rep_->capacity + rep_->blob_bytes; }

BulkView PackedBlock::At(size_t i) const {
  BulkView element = rep_->record(i).element;
  // Below that size a reply had better copy.
  if (element.bytes.size() < kBlobMinBytes) element.blob = nullptr;
  return element;
}

double PackedBlock::ScoreAt(size_t i) const {
  double score;
  std::memcpy(&score, rep_->start(i), sizeof(score));
  return score;
}

PackedBlock::Rep* PackedBlock::CopyOf(const Rep& from, size_t first, size_t last, size_t spare) {
  const bool whole = first == 0 && last == from.count;
  size_t bytes = (last - first) * sizeof(uint16_t) + spare;
  if (whole) {
    bytes += from.heap - from.garbage;
  } else {
    for (size_t i = first; i < last; ++i) bytes += from.record(i).bytes;
  }
  Rep* copy = Rep::New(from.kind, bytes);
  if (!whole || from.garbage > 0 || from.blob_bytes > 0) {
    copy->AppendRecords(from, first, last);
    return copy;
  }
  std::memcpy(copy->index(), from.index(), from.index_bytes());
  std::memcpy(copy->data() + copy->capacity - from.heap, from.data() + from.capacity - from.heap,
              from.heap);
  copy->count = from.count;
  copy->heap = from.heap;
  return copy;
}

void PackedBlock::MakeRoom(size_t bytes, size_t more) {
  if (rep_->room() >= bytes && !rep_->shared()) return;
  // A block whose garbage alone would do is packed to its old size, but not over and over for a few
  // bytes: below an eighth it grows by a size class.
  const size_t spare = rep_->garbage >= bytes && rep_->garbage >= rep_->capacity / 8
                           ? rep_->room() + rep_->garbage
                           : bytes + more;
  if (rep_->shared()) NoteCopied(sizeof(Rep) + rep_->capacity);
  Rep* larger = CopyOf(*rep_, 0, rep_->count, spare);
  Release(std::exchange(rep_, larger));
}

void PackedBlock::Unshare() {
  if (!rep_->shared()) return;
  NoteCopied(sizeof(Rep) + rep_->capacity);
  Rep* copy = CopyOf(*rep_, 0, rep_->count, 0);
  Release(std::exchange(rep_, copy));
}

void PackedBlock::Insert(size_t i, std::string_view element, double score, size_t more) {
  CHECK(i <= rep_->count);
  const size_t bytes = RecordBytes(rep_->kind, element.size());
  MakeRoom(bytes + sizeof(uint16_t), more);
  WriteRecord(rep_->kind, rep_->Open(i, bytes), element, score);
  if (InBlob(rep_->kind, element.size())) {
    rep_->blob_bytes += RoundUpToSizeClass(sizeof(Blob) + element.size());
  }
}

void PackedBlock::Erase(size_t i, size_t n) {
  CHECK(i + n <= rep_->count);
  Unshare();
  Rep& rep = *rep_;
  size_t dead = 0;
  for (size_t k = i; k < i + n; ++k) {
    const Record record = rep.record(k);
    dead += record.bytes;
    if (record.element.blob == nullptr) continue;
    rep.blob_bytes -= BytesOf(*record.element.blob);
    record.element.blob->Unref();
  }
  if (n == 1 && rep.index()[i] == rep.heap) {  // the record written last: taken back at once
    rep.heap = static_cast<uint16_t>(rep.heap - dead);
  } else {
    rep.garbage = static_cast<uint16_t>(rep.garbage + dead);
  }
  std::memmove(rep.index() + i, rep.index() + i + n, (rep.count - i - n) * sizeof(uint16_t));
  rep.count = static_cast<uint16_t>(rep.count - n);
  if (rep.count == 0) rep.heap = rep.garbage = 0;

  if (MuchTooLarge(rep.capacity, rep.live())) {
    Rep* smaller = CopyOf(rep, 0, rep.count, 0);
    Release(std::exchange(rep_, smaller));
  }
}

void PackedBlock::SetScore(size_t i, double score) {
  CHECK(i < rep_->count && rep_->kind == Kind::kScored);
  Unshare();
  std::memcpy(rep_->start(i), &score, sizeof(score));
}

PackedBlock PackedBlock::SplitTail(size_t i) {
  PackedBlock tail(CopyOf(*rep_, i, rep_->count, 0));
  Erase(i, rep_->count - i);
  return tail;
}

void PackedBlock::Append(const PackedBlock& other) {
  CHECK(kind() == other.kind());
  MakeRoom(other.rep_->live());
  rep_->AppendRecords(*other.rep_, 0, other.rep_->count);
}

}  // namespace larder
