#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol/byte_reader.h"
#include "protocol/listpack.h"
#include "protocol/packed_element.h"
#include "server/base/numbers.h"
#include "server/persistence/rdb_stream.h"

namespace larder {
namespace {

constexpr std::string_view kDamaged = "Stream listpack integrity check failed.";
constexpr int64_t kDeleted = 1, kSameFields = 2;  // flags of an entry
constexpr size_t kIdBytes = 16;
constexpr int64_t kMostReserved = 4096;  // entries of a node: far more than most have

class StreamReader {
 public:
  StreamReader(RdbReader& reader, rdb::Type type) : reader_(reader), type_(type) {}
  bool Read(Stream& stream);

 private:
  using Pending = std::map<StreamId, PendingEntry>;
  static constexpr uint32_t kNobody = UINT32_MAX;

  bool Fail(std::string_view reason) { return reader_.Fail(reason); }
  bool ReadId(StreamId* id) { return reader_.Length(&id->ms) && reader_.Length(&id->seq); }
  bool ReadRawId(StreamId* id);
  bool ReadTime(int64_t* time_ms);

  // The listpack of a node, in words_.
  bool ReadWords();
  // Takes the next word as a number; false where there is none.
  bool Number(int64_t* number);
  bool ReadNode(Stream& stream);
  bool ReadNodeWords(Stream& stream, StreamId base);
  bool ReadEntry(StreamNode& node, StreamId base, size_t names, int64_t* live, int64_t* deleted);
  // `values` pairs of which the fields are the node's, or in the words too.
  bool TakePairs(size_t pairs, bool with_fields);

  bool ReadCounters(Stream& stream, Stream::Counters* counters);
  bool ReadGroup(Stream& stream);
  bool ReadPending(Pending* pending);
  bool ReadConsumer(StreamGroup& group, Pending& pending);

  RdbReader& reader_;
  const rdb::Type type_;
  std::string text_;
  std::vector<PackedElement> words_;
  size_t next_ = 0;
  std::vector<std::string_view> names_;
  std::vector<std::string_view> pairs_;
};

bool StreamReader::ReadRawId(StreamId* id) {
  if (!reader_.Bytes(kIdBytes, &text_)) return false;
  ByteReader raw(text_);
  return raw.Big(&id->ms) && raw.Big(&id->seq);
}

bool StreamReader::ReadTime(int64_t* time_ms) { return reader_.Little(time_ms); }

bool StreamReader::ReadWords() {
  words_.clear();
  next_ = 0;
  ListpackReader listpack(text_);
  PackedElement word;
  while (listpack.Next(&word)) words_.push_back(word);
  return listpack.finished();
}

bool StreamReader::Number(int64_t* number) {
  if (next_ == words_.size()) return false;
  PackedElement& word = words_[next_++];
  if (!word.is_number()) return ParseInt64(word.text(), number);
  *number = word.number();
  return true;
}

bool StreamReader::TakePairs(size_t pairs, bool with_fields) {
  pairs_.clear();
  const size_t words = with_fields ? pairs * 2 : pairs;
  if (pairs > words_.size() || words > words_.size() - next_) return false;
  for (size_t i = 0; i < pairs; ++i) {
    pairs_.push_back(with_fields ? words_[next_++].text() : names_[i]);
    pairs_.push_back(words_[next_++].text());
  }
  return true;
}

bool StreamReader::ReadEntry(StreamNode& node, StreamId base, size_t names, int64_t* live,
                             int64_t* deleted) {
  const size_t begin = next_;
  int64_t flags, ms, seq, pairs = static_cast<int64_t>(names), items;
  if (!Number(&flags) || !Number(&ms) || !Number(&seq)) return false;
  const bool with_fields = (flags & kSameFields) == 0;
  if (with_fields && (!Number(&pairs) || pairs < 0)) return false;
  if (!TakePairs(static_cast<size_t>(pairs), with_fields)) return false;
  const size_t count = next_ - begin;
  if (!Number(&items) || items != static_cast<int64_t>(count)) return false;
  if (flags & kDeleted) return ++*deleted, true;
  const StreamId id = {base.ms + static_cast<uint64_t>(ms), base.seq + static_cast<uint64_t>(seq)};
  if (pairs == 0 || id < base || (node.count() > 0 && id <= node.last_id())) return false;
  node.Append(id, pairs_);
  return ++*live, true;
}

bool StreamReader::ReadNodeWords(Stream& stream, StreamId base) {
  int64_t count, deleted, names, zero;
  if (!Number(&count) || !Number(&deleted) || !Number(&names) || names < 0) return false;
  if (static_cast<uint64_t>(names) > words_.size() - next_) return false;
  names_.clear();
  pairs_.clear();
  for (int64_t i = 0; i < names; ++i) names_.push_back(words_[next_++].text());
  for (const std::string_view name : names_)
    pairs_.insert(pairs_.end(), {name, std::string_view()});
  if (!Number(&zero) || zero != 0) return false;
  StreamNode node(base, pairs_);
  node.Reserve(static_cast<size_t>(std::clamp<int64_t>(count, 0, kMostReserved)), text_.size());
  int64_t live_seen = 0, deleted_seen = 0;
  while (next_ < words_.size()) {
    if (!ReadEntry(node, base, names_.size(), &live_seen, &deleted_seen)) return false;
  }
  if (live_seen != count || deleted_seen != deleted) return false;
  if (node.count() == 0) return true;
  if (!stream.empty() && node.first_id() <= stream.last_entry_id()) return false;
  node.SetHistory(text_.size(), static_cast<size_t>(deleted));
  node.ShrinkToFit();
  stream.AppendNode(std::move(node));
  return true;
}

bool StreamReader::ReadNode(Stream& stream) {
  StreamId base;
  if (!reader_.String(&text_)) return false;
  if (text_.size() != kIdBytes) return Fail("Stream node key entry is not the size of a stream ID");
  ByteReader raw(text_);
  if (!raw.Big(&base.ms) || !raw.Big(&base.seq)) return false;
  if (!reader_.String(&text_)) return false;
  const bool sound =
      text_.size() <= Stream::kMostNodeBytes && ReadWords() && ReadNodeWords(stream, base);
  return sound || Fail(kDamaged);
}

bool StreamReader::ReadCounters(Stream& stream, Stream::Counters* counters) {
  uint64_t length;
  StreamId first_id;
  if (!reader_.Length(&length) || !ReadId(&counters->last_id)) return false;
  if (length != stream.size()) return Fail("Stream length inconsistent with its entries");
  counters->entries_added = length;
  if (type_ != rdb::kStream) {
    if (!ReadId(&first_id) || !ReadId(&counters->max_deleted_id) ||
        !reader_.Length(&counters->entries_added)) {
      return false;
    }
  }
  // XSETID of Redis 7.0 leaves the last id below the highest deleted one.
  const bool sound = (stream.empty() || stream.last_entry_id() <= counters->last_id) &&
                     counters->entries_added >= length;
  counters->entries_added = std::min(counters->entries_added, Stream::Counters::kMostAdded);
  return sound || Fail("Stream counters inconsistent with its entries");
}

bool StreamReader::ReadPending(Pending* pending) {
  uint64_t count, deliveries;
  if (!reader_.Length(&count)) return false;
  for (; count > 0; --count) {
    PendingEntry entry = {.consumer = kNobody};
    if (!ReadRawId(&entry.id) || !ReadTime(&entry.delivered_ms) || !reader_.Length(&deliveries)) {
      return false;
    }
    entry.deliveries = static_cast<int64_t>(deliveries & INT64_MAX);
    if (!pending->emplace(entry.id, entry).second) {
      return Fail("Duplicated global PEL entry loading stream consumer group");
    }
  }
  return true;
}

bool StreamReader::ReadConsumer(StreamGroup& group, Pending& pending) {
  std::string name;
  int64_t seen_ms, active_ms;
  uint64_t count;
  if (!reader_.String(&name) || !ReadTime(&seen_ms)) return false;
  active_ms = seen_ms;
  if (type_ == rdb::kStream3 && !ReadTime(&active_ms)) return false;
  if (group.FindConsumer(name) != nullptr) {
    return Fail("Duplicate stream consumer detected");
  }
  StreamConsumer& consumer = group.AddConsumer(name, seen_ms);
  consumer.active_ms = active_ms;
  if (!reader_.Length(&count)) return false;
  for (; count > 0; --count) {
    StreamId id;
    if (!ReadRawId(&id)) return false;
    const auto found = pending.find(id);
    if (found == pending.end()) {
      return Fail("Consumer entry not found in group global PEL");
    }
    if (found->second.consumer != kNobody) return Fail("Duplicated consumer PEL entry");
    found->second.consumer = consumer.number;
    group.SetPending(found->second);
  }
  return true;
}

bool StreamReader::ReadGroup(Stream& stream) {
  std::string name;
  StreamId last_id;
  uint64_t entries_read, consumers;
  if (!reader_.String(&name) || !ReadId(&last_id)) return false;
  int64_t read = stream.EntriesAddedUpTo(last_id).value_or(StreamGroup::kUnknown);
  if (type_ != rdb::kStream) {
    if (!reader_.Length(&entries_read)) return false;
    read = static_cast<int64_t>(entries_read);
    if (read < 0) read = StreamGroup::kUnknown;
  }
  StreamGroup* group = stream.AddGroup(name, last_id, read);
  if (group == nullptr) return Fail("Duplicated consumer group name");
  Pending pending;
  if (!ReadPending(&pending) || !reader_.Length(&consumers)) return false;
  for (; consumers > 0; --consumers) {
    if (!ReadConsumer(*group, pending)) return false;
  }
  return group->pending().size() == pending.size() || Fail("NACK entry without consumer");
}

bool StreamReader::Read(Stream& stream) {
  uint64_t nodes, groups;
  Stream::Counters counters;
  if (!reader_.Length(&nodes)) return false;
  for (; nodes > 0; --nodes) {
    if (!ReadNode(stream)) return false;
  }
  if (!ReadCounters(stream, &counters)) return false;
  stream.set_counters(counters);
  if (!reader_.Length(&groups)) return false;
  for (; groups > 0; --groups) {
    if (!ReadGroup(stream)) return false;
  }
  return true;
}

}  // namespace

std::unique_ptr<Stream> ReadStream(RdbReader& reader, rdb::Type type) {
  auto stream = std::make_unique<Stream>();
  if (!StreamReader(reader, type).Read(*stream)) return nullptr;
  return stream;
}

}  // namespace larder
