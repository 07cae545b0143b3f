// Streams as commands: entries, what the stream remembers besides, groups with what is pending.
#include "server/persistence/command_save.h"
#include "server/store/stream_id.h"

namespace larder {

void CommandSave::WriteStream(std::string_view key, const Stream& stream) {
  if (stream.empty()) {
    // One that has lost its entries is made by adding one that is trimmed at once.
    Write({"XADD", key, "MAXLEN", "0", FormatStreamId({0, 1}), "x", "y"});
  }
  std::vector<std::string_view> words;
  stream.ForEachNode([&](const StreamNode& node) {
    for (size_t i = 0; i < node.count(); ++i) {
      const StreamEntry entry = node.At(i);
      const std::string id = FormatStreamId(entry.id());
      words.assign({"XADD", key, id});
      entry.ForEachPair([&words](std::string_view field, std::string_view value) {
        words.insert(words.end(), {field, value});
      });
      Write(words);
    }
  });
  const Stream::Counters& counters = stream.counters();
  Write({"XSETID", key, FormatStreamId(counters.last_id), "ENTRIESADDED",
         std::to_string(counters.entries_added), "MAXDELETEDID",
         FormatStreamId(counters.max_deleted_id)});
  stream.ForEachGroup(
      [&](std::string_view name, const StreamGroup& group) { WriteGroup(key, name, group); });
}

void CommandSave::WriteGroup(std::string_view key, std::string_view name,
                             const StreamGroup& group) {
  Write({"XGROUP", "CREATE", key, name, FormatStreamId(group.last_id), "ENTRIESREAD",
         std::to_string(group.entries_read)});
  group.ForEachConsumer([&](const StreamConsumer& consumer) {
    Write({"XGROUP", "CREATECONSUMER", key, name, consumer.name});
  });
  group.pending().ForEachFrom(StreamId::Min(), [&](const PendingEntry& entry) {
    Write({"XCLAIM", key, name, group.consumer(entry.consumer).name, "0", FormatStreamId(entry.id),
           "TIME", std::to_string(entry.delivered_ms), "RETRYCOUNT",
           std::to_string(entry.deliveries), "JUSTID", "FORCE"});
    return true;
  });
}

}  // namespace larder
