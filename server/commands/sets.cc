// Sets, one at a time: SADD, SREM, SISMEMBER and their relatives, SPOP, SRANDMEMBER, SMOVE, SSCAN.
#include "server/commands/sets.h"

#include <string>
#include <vector>

#include "protocol/errors.h"
#include "server/base/random.h"
#include "server/commands/commands.h"
#include "server/commands/counts.h"
#include "server/commands/sampling.h"
#include "server/commands/scan_options.h"

namespace larder {

Set::Limits SetLimits(const Context& c) {
  return {static_cast<size_t>(int64_t{c.engine.config.settings().set_max_intset_entries})};
}

namespace {

void SAdd(Context& c) {
  const Key key = c.key(1);
  Set* set;
  if (!c.FindOrCreate(key, &set)) return;
  const Set::Limits limits = SetLimits(c);
  int64_t added = 0;
  for (size_t i = 2; i < c.args.size(); ++i) added += set->Add(c.args[i], limits);
  if (added > 0) c.Changed(key, NotifyClass::kSet, "sadd", static_cast<size_t>(added));
  c.reply.Integer(added);
}

void SRem(Context& c) {
  const Key key = c.key(1);
  Set* set;
  if (!c.Write(key, &set)) return;
  int64_t removed = 0;
  for (size_t i = 2; set != nullptr && i < c.args.size(); ++i) removed += set->Remove(c.args[i]);
  if (removed > 0) {
    c.Changed(key, NotifyClass::kSet, "srem", static_cast<size_t>(removed));
    c.RemoveIfEmpty(key, *set);
  }
  c.reply.Integer(removed);
}

void SIsMember(Context& c) {
  const Set* set;
  if (!c.Read(c.key(1), &set)) return;
  c.reply.Integer(set != nullptr && set->Contains(c.args[2]));
}

void SMIsMember(Context& c) {
  const Set* set;
  if (!c.Read(c.key(1), &set)) return;
  c.reply.Array(c.args.size() - 2);
  for (size_t i = 2; i < c.args.size(); ++i) {
    c.reply.Integer(set != nullptr && set->Contains(c.args[i]));
  }
}

void SMembers(Context& c) {
  const Set* set;
  if (!c.Read(c.key(1), &set)) return;
  if (set == nullptr) return c.reply.Set(0);
  c.reply.Set(set->size());
  set->ForEach([&c](std::string_view member) { c.reply.Bulk(member); });
}

void SCard(Context& c) {
  const Set* set;
  if (!c.Read(c.key(1), &set)) return;
  c.reply.Integer(set == nullptr ? 0 : static_cast<int64_t>(set->size()));
}

// Takes `count` members at random out of a set that has more than that, and answers them.
void PopSome(Context& c, const Key& key, Set& set, size_t count) {
  std::vector<std::string> members;
  members.reserve(count);
  set.Sample(count, ThreadRandom(), [&](std::string_view member) { members.emplace_back(member); });
  c.reply.Set(members.size());
  for (const std::string& member : members) {
    set.Remove(member);
    c.ReplicateAs("SREM", key.name, member);
    c.reply.Bulk(member);
  }
}

void SPopMany(Context& c) {
  int64_t count;
  if (!ParseNotNegative(c, 2, &count, errors::kNotPositive)) return;
  const Key key = c.key(1);
  Set* set;
  if (!c.Write(key, &set)) return;
  if (set == nullptr || count == 0) return c.reply.Set(0);
  if (static_cast<uint64_t>(count) < set->size()) {
    PopSome(c, key, *set, static_cast<size_t>(count));
    return c.Changed(key, NotifyClass::kSet, "spop", static_cast<size_t>(count));
  }
  c.reply.Set(set->size());
  set->ForEach([&c](std::string_view member) { c.reply.Bulk(member); });
  c.Changed(key, NotifyClass::kSet, "spop", set->size());
  c.Delete(key);
  c.Changed(key, NotifyClass::kGeneric, "del", 0);
  c.ReplicateAs("DEL", key.name);
}

void SPop(Context& c) {
  if (c.args.size() > 3) return c.SyntaxError();
  if (c.args.size() == 3) return SPopMany(c);
  const Key key = c.key(1);
  Set* set;
  if (!c.Write(key, &set)) return;
  if (set == nullptr) return c.reply.Null();
  const std::string member = set->RandomMember(ThreadRandom());
  set->Remove(member);
  c.Changed(key, NotifyClass::kSet, "spop");
  c.RemoveIfEmpty(key, *set);
  c.ReplicateAs("SREM", key.name, member);
  c.reply.Bulk(member);
}

void SRandMember(Context& c) {
  if (c.args.size() > 3) return c.SyntaxError();
  SampleSize size;
  if (c.args.size() == 3 && !ParseSampleSize(c, 2, &size)) return;
  const Set* set;
  if (!c.Read(c.key(1), &set)) return;
  if (c.args.size() == 2) {
    if (set == nullptr) return c.reply.Null();
    return c.reply.Bulk(set->RandomMember(ThreadRandom()));
  }
  if (set == nullptr) return c.reply.EmptyArray();
  if (!size.Affordable(c)) return c.reply.Error(errors::kOutOfRange);
  const size_t count = size.Of(set->size());
  c.reply.Array(count);
  if (size.distinct) {
    set->Sample(count, ThreadRandom(), [&c](std::string_view member) { c.reply.Bulk(member); });
  } else {
    for (size_t i = 0; i < count && !c.output_is_full(); ++i) {
      c.reply.Bulk(set->RandomMember(ThreadRandom()));
    }
  }
}

void SMove(Context& c) {
  const Key from_key = c.key(1);
  const Key to_key = c.key(2);
  const std::string_view member = c.args[3];
  Set* from;
  Set* to;
  if (!c.Write(from_key, &from)) return;
  if (from == nullptr) return c.reply.Integer(0);
  if (!c.Write(to_key, &to)) return;
  if (from == to) return c.reply.Integer(from->Contains(member));
  if (!from->Remove(member)) return c.reply.Integer(0);
  c.Changed(from_key, NotifyClass::kSet, "srem");
  c.RemoveIfEmpty(from_key, *from);
  if (to == nullptr) to = &c.Create<Set>(to_key);
  if (to->Add(member, SetLimits(c))) c.Changed(to_key, NotifyClass::kSet, "sadd");
  c.reply.Integer(1);
}

void SScan(Context& c) {
  uint64_t cursor;
  if (!ParseScanCursor(c, 2, &cursor)) return;
  const Set* set;
  if (!c.Read(c.key(1), &set)) return;
  if (set == nullptr) return EmptyScan(c.reply);
  ScanOptions options;
  if (!ParseScanOptions(c, 3, false, &options)) return;
  ScanReply reply(c.reply);
  size_t found = 0;
  const uint64_t next = set->Scan(cursor, options.count, [&](std::string_view member) {
    if (!options.Matches(member)) return;
    c.reply.Bulk(member);
    ++found;
  });
  reply.End(next, found);
}

constexpr Command kCommands[] = {
    {.name = "sadd",
     .arity = -3,
     .flags = kWrite | kDenyOom | kFast,
     .categories = kCatSet,
     .keys = {Key1(kRW | kInsert)},
     .run = SAdd,
     .group = "set",
     .syntax = "key member [member ...]",
     .since = "1.0.0",
     .history = "2.4.0 Takes several members.",
     .complexity = "O(N) for N members named",
     .summary = "Adds members to a set, which is made if need be; answers how many are new."},
    {.name = "srem",
     .arity = -3,
     .flags = kWrite | kFast,
     .categories = kCatSet,
     .keys = {Key1(kRW | kDelete)},
     .run = SRem,
     .group = "set",
     .syntax = "key member [member ...]",
     .since = "1.0.0",
     .history = "2.4.0 Takes several members.",
     .complexity = "O(N) for N members named",
     .summary = "Removes members; the key goes with the last one."},
    {.name = "sismember",
     .arity = 3,
     .flags = kReadOnly | kFast,
     .categories = kCatSet,
     .keys = {Key1(kRO)},
     .run = SIsMember,
     .group = "set",
     .syntax = "key member",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Tells whether a set has a member."},
    {.name = "smismember",
     .arity = -3,
     .flags = kReadOnly | kFast,
     .categories = kCatSet,
     .keys = {Key1(kRO | kAccess)},
     .run = SMIsMember,
     .group = "set",
     .syntax = "key member [member ...]",
     .since = "6.2.0",
     .complexity = "O(N) for N members named",
     .summary = "Tells of each of several members whether the set has it."},
    {.name = "smembers",
     .arity = 2,
     .flags = kReadOnly,
     .categories = kCatSet,
     .keys = {Key1(kRO | kAccess)},
     .run = SMembers,
     .group = "set",
     .syntax = "key",
     .since = "1.0.0",
     .complexity = "O(N) for N members of the set",
     .summary = "Returns all members.",
     .tips = "nondeterministic_output_order"},
    {.name = "scard",
     .arity = 2,
     .flags = kReadOnly | kFast,
     .categories = kCatSet,
     .keys = {Key1(kRO)},
     .run = SCard,
     .group = "set",
     .syntax = "key",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Returns the number of members."},
    {.name = "spop",
     .arity = -2,
     .flags = kWrite | kFast,
     .categories = kCatSet,
     .keys = {Key1(kRW | kAccess | kDelete)},
     .run = SPop,
     .group = "set",
     .syntax = "key [count@3.2.0]",
     .since = "1.0.0",
     .history = "3.2.0 Takes a count.",
     .complexity = "O(N) for N members returned",
     .summary = "Removes members at random and returns them.",
     .tips = "nondeterministic_output"},
    {.name = "srandmember",
     .arity = -2,
     .flags = kReadOnly,
     .categories = kCatSet,
     .keys = {Key1(kRO | kAccess)},
     .run = SRandMember,
     .group = "set",
     .syntax = "key [count@2.6.0]",
     .since = "1.0.0",
     .history = "2.6.0 Takes a count.",
     .complexity = "O(N) for N members returned",
     .summary = "Returns members at random: different ones, or with a negative count any.",
     .tips = "nondeterministic_output"},
    {.name = "smove",
     .arity = 4,
     .flags = kWrite | kFast,
     .categories = kCatSet,
     .keys = {Key1(kRW | kAccess | kDelete), Keys(2, 2, 1, kRW | kInsert)},
     .run = SMove,
     .group = "set",
     .syntax = "source destination member",
     .since = "1.0.0",
     .complexity = "O(1)",
     .summary = "Moves a member from one set to another."},
    {.name = "sscan",
     .arity = -3,
     .flags = kReadOnly,
     .categories = kCatSet,
     .keys = {Key1(kRO | kAccess)},
     .run = SScan,
     .group = "set",
     .syntax = "key cursor [MATCH pattern] [COUNT count]",
     .since = "2.8.0",
     .complexity = "O(1) a call, O(N) for all calls over a set of N members",
     .summary = "Walks over a set, some members a call.",
     .tips = "nondeterministic_output"},
};

}  // namespace

std::span<const Command> SetCommands() { return kCommands; }

}  // namespace larder
