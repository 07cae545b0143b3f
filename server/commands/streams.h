// What the files of the stream commands share: ids among the words, entries in replies, groups and
// consumers by their names.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "server/engine/context.h"
#include "server/store/stream.h"

namespace larder {

inline constexpr std::string_view kInvalidStreamId =
    "ERR Invalid stream ID specified as stream command argument";

// The id at word `i`; "ms" alone has the sequence 0. False after an error was answered.
bool ParseId(Context& c, size_t i, StreamId* id);
// The ids at the words from `first` to the last.
bool ParseIds(Context& c, size_t first, std::vector<StreamId>* ids);
// The ends of a range: an id, "-", "+", or an id behind "(", which is left out itself. "ms" alone
// has the lowest sequence as a start, the highest as an end. False after an error was answered.
bool ParseRangeStart(Context& c, size_t i, StreamId* id);
bool ParseRangeEnd(Context& c, size_t i, StreamId* id);

// The stream at the key for a change of its groups, which counts as a read, too. Null where there
// is none; false after WRONGTYPE was answered.
bool WriteGroups(Context& c, const Key& key, Stream** stream);
// The group that word 2 names, of the stream at the key. Null after NOGROUP was answered.
const StreamGroup* FindGroup(Context& c, const Key& key, const Stream* stream);
StreamGroup* FindGroup(Context& c, const Key& key, Stream* stream);
// The consumer of this name, who was seen now; made where there is none, of which replicas learn
// with the first entry that is pending for it.
StreamConsumer& SeeConsumer(Context& c, const Key& key, StreamGroup& group, std::string_view name);

// What replicas get of groups, where the words would not do the same there: for whom an entry is
// pending, which they drop where it is no longer in the stream; how far the group has read.
void ReplicatePending(Context& c, const Key& key, std::string_view name, const StreamGroup& group,
                      const PendingEntry& entry);
void ReplicateProgress(Context& c, const Key& key, std::string_view name, const StreamGroup& group);

void ReplyId(Reply& reply, StreamId id);
// An array of the id and an array of fields and values.
void ReplyEntry(Reply& reply, const StreamEntry& entry);

}  // namespace larder
