#include <string>

#include "protocol/listpack.h"
#include "server/persistence/rdb_stream.h"

namespace larder {
namespace {

constexpr int64_t kSameFields = 2;  // a flag of an entry: only its values follow

std::string RawId(StreamId id) {
  std::string raw;
  for (uint64_t part : {id.ms, id.seq}) {
    for (int shift = 56; shift >= 0; shift -= 8) raw.push_back(static_cast<char>(part >> shift));
  }
  return raw;
}

void WriteId(RdbWriter& writer, StreamId id) {
  writer.Length(id.ms);
  writer.Length(id.seq);
}

// The last number of an entry is how many items it has, for who walks backwards.
void AppendEntry(ListpackWriter& listpack, StreamId base, const StreamEntry& entry) {
  const bool same = entry.has_node_names();
  const size_t before = listpack.count();
  listpack.Append(same ? kSameFields : 0);
  listpack.Append(static_cast<int64_t>(entry.id().ms - base.ms));
  listpack.Append(static_cast<int64_t>(entry.id().seq - base.seq));
  if (!same) listpack.Append(static_cast<int64_t>(entry.pairs()));
  entry.ForEachPair([&](std::string_view field, std::string_view value) {
    if (!same) listpack.Append(field);
    listpack.Append(value);
  });
  listpack.Append(static_cast<int64_t>(listpack.count() - before));
}

void WriteNode(RdbWriter& writer, const StreamNode& node) {
  ListpackWriter listpack;
  listpack.Append(static_cast<int64_t>(node.count()));
  listpack.Append(int64_t{0});  // entries that are marked as deleted
  listpack.Append(static_cast<int64_t>(node.name_count()));
  node.ForEachName([&](std::string_view name) { listpack.Append(name); });
  listpack.Append(int64_t{0});  // ends the fields
  for (size_t i = 0; i < node.count(); ++i) AppendEntry(listpack, node.base(), node.At(i));
  writer.String(RawId(node.base()));
  writer.String(listpack.Finish());
}

void WriteGroup(RdbWriter& writer, std::string_view name, const StreamGroup& group) {
  writer.String(name);
  WriteId(writer, group.last_id);
  writer.Length(static_cast<uint64_t>(group.entries_read));
  writer.Length(group.pending().size());
  group.pending().ForEachFrom(StreamId::Min(), [&](const PendingEntry& entry) {
    writer.Bytes(RawId(entry.id));
    writer.Little(static_cast<uint64_t>(entry.delivered_ms), 8);
    writer.Length(static_cast<uint64_t>(entry.deliveries));
    return true;
  });
  writer.Length(group.consumer_count());
  group.ForEachConsumer([&](const StreamConsumer& consumer) {
    writer.String(consumer.name);
    writer.Little(static_cast<uint64_t>(consumer.seen_ms), 8);
    writer.Length(consumer.pending.size());
    consumer.pending.ForEachFrom(StreamId::Min(), [&](const PendingId& pending) {
      writer.Bytes(RawId(pending.id));
      return true;
    });
  });
}

}  // namespace

void WriteStream(RdbWriter& writer, const Stream& stream) {
  writer.Length(stream.node_count());
  stream.ForEachNode([&](const StreamNode& node) { WriteNode(writer, node); });
  writer.Length(stream.size());
  WriteId(writer, stream.last_id());
  WriteId(writer, stream.first_id());
  WriteId(writer, stream.counters().max_deleted_id);
  writer.Length(stream.counters().entries_added);
  writer.Length(stream.group_count());
  stream.ForEachGroup(
      [&](std::string_view name, const StreamGroup& group) { WriteGroup(writer, name, group); });
}

}  // namespace larder
