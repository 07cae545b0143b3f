// Streams, taking over what is pending for another consumer: XCLAIM, XAUTOCLAIM.
#include <algorithm>
#include <limits>
#include <optional>

#include "protocol/errors.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/streams.h"

namespace larder {
namespace {

// What a claim does with an entry.
struct ClaimRules {
  int64_t min_idle_ms = 0;
  std::optional<int64_t> delivered_ms;  // IDLE, TIME; none: now
  int64_t deliveries = -1;              // RETRYCOUNT; -1: one more than before
  bool force = false;                   // also what is not pending
  bool just_id = false;                 // replies ids, and counts no delivery
  StreamId last_id;                     // the group was given entries at least up to it
};

// The claim that is under way, and what has come of it.
struct Claim {
  Context& c;
  const Key& key;
  Stream& stream;
  StreamGroup& group;
  StreamConsumer& consumer;
  const ClaimRules& rules;
  std::vector<StreamId> claimed = {};
  std::vector<StreamId> deleted = {};  // were pending, and no longer in the stream: acknowledged

  size_t changes() const { return claimed.size() + deleted.size(); }
  void Replicate(const PendingEntry& entry) const {
    ReplicatePending(c, key, c.args[2], group, entry);
  }
};

void ClaimOne(Claim& claim, StreamId id) {
  const ClaimRules& rules = claim.rules;
  const int64_t now_ms = claim.c.now_ms();
  const PendingEntry* old = claim.group.pending().Find(id);
  if (!claim.stream.Contains(id)) {
    if (old == nullptr) return;
    claim.Replicate(*old);
    claim.group.Acknowledge(id);
    return claim.deleted.push_back(id);
  }
  if (old == nullptr && !rules.force) return;
  if (old != nullptr && rules.min_idle_ms != 0 && now_ms - old->delivered_ms < rules.min_idle_ms) {
    return;
  }
  PendingEntry pending = {id, rules.delivered_ms.value_or(now_ms),
                          old == nullptr ? 1 : old->deliveries, claim.consumer.number};
  if (rules.deliveries >= 0) {
    pending.deliveries = rules.deliveries;
  } else if (!rules.just_id) {
    ++pending.deliveries;
  }
  claim.group.SetPending(pending);
  claim.consumer.active_ms = now_ms;
  claim.claimed.push_back(id);
  claim.Replicate(pending);
}

void ReplyClaimed(Reply& reply, const Claim& claim) {
  reply.Array(claim.claimed.size());
  for (StreamId id : claim.claimed) {
    claim.rules.just_id ? ReplyId(reply, id) : ReplyEntry(reply, *claim.stream.Find(id));
  }
}

bool ParseClaimOption(Context& c, size_t* i, ClaimRules* rules) {
  const std::string_view option = c.args[*i];
  const bool has_value = *i + 1 < c.args.size();
  if (EqualsIgnoreCase(option, "force")) {
    rules->force = true;
  } else if (EqualsIgnoreCase(option, "justid")) {
    rules->just_id = true;
  } else if (has_value && EqualsIgnoreCase(option, "idle")) {
    int64_t idle_ms;
    if (!c.Integer(++*i, &idle_ms, "ERR Invalid IDLE option argument for XCLAIM")) return false;
    // Wraps around where it is out of range, and is put right below.
    rules->delivered_ms =
        static_cast<int64_t>(static_cast<uint64_t>(c.now_ms()) - static_cast<uint64_t>(idle_ms));
  } else if (has_value && EqualsIgnoreCase(option, "time")) {
    int64_t time_ms;
    if (!c.Integer(++*i, &time_ms, "ERR Invalid TIME option argument for XCLAIM")) return false;
    rules->delivered_ms = time_ms;
  } else if (has_value && EqualsIgnoreCase(option, "retrycount")) {
    if (!c.Integer(++*i, &rules->deliveries, "ERR Invalid RETRYCOUNT option argument for XCLAIM")) {
      return false;
    }
  } else if (has_value && EqualsIgnoreCase(option, "lastid")) {
    if (!ParseId(c, ++*i, &rules->last_id)) return false;
  } else {
    c.reply.Error(StrCat("ERR Unrecognized XCLAIM option '", option, "'"));
    return false;
  }
  return true;
}

bool ParseMinIdle(Context& c, std::string_view error, int64_t* min_idle_ms) {
  if (!c.Integer(4, min_idle_ms, error)) return false;
  *min_idle_ms = std::max<int64_t>(*min_idle_ms, 0);
  return true;
}

// The ids from word 5 on; what is none begins the options.
bool ParseClaim(Context& c, std::vector<StreamId>* ids, ClaimRules* rules) {
  if (!ParseMinIdle(c, "ERR Invalid min-idle-time argument for XCLAIM", &rules->min_idle_ms)) {
    return false;
  }
  size_t i = 5;
  for (StreamId id; i < c.args.size() && ParseStreamId(c.args[i], 0, &id); ++i) ids->push_back(id);
  for (; i < c.args.size(); ++i) {
    if (!ParseClaimOption(c, &i, rules)) return false;
  }
  // A time that makes no sense is now: clients may compute it by a clock of their own.
  const int64_t delivered_ms = rules->delivered_ms.value_or(c.now_ms());
  if (delivered_ms < 0 || delivered_ms > c.now_ms()) rules->delivered_ms = c.now_ms();
  return true;
}

void XClaim(Context& c) {
  const Key key = c.key(1);
  Stream* stream;
  if (!WriteGroups(c, key, &stream)) return;
  StreamGroup* group = FindGroup(c, key, stream);
  if (group == nullptr) return;
  std::vector<StreamId> ids;
  ClaimRules rules;
  if (!ParseClaim(c, &ids, &rules)) return;
  const bool moved = rules.last_id > group->last_id;
  if (moved) group->last_id = rules.last_id;
  c.ReplicateNothing();  // but what follows
  StreamConsumer& consumer = SeeConsumer(c, key, *group, c.args[3]);
  Claim claim{c, key, *stream, *group, consumer, rules};
  for (StreamId id : ids) ClaimOne(claim, id);
  const size_t changes = std::max<size_t>(claim.changes(), moved ? 1 : 0);
  if (changes > 0) c.Noted(key, NotifyClass::kStream, {}, changes);
  if (moved && claim.changes() == 0) ReplicateProgress(c, key, c.args[2], *group);
  ReplyClaimed(c.reply, claim);
}

// ---- XAUTOCLAIM ---------------------------------------------------------------------------------

struct AutoClaimRequest {
  StreamId start;
  int64_t count = 100;  // entries to claim, or to find deleted, at most
  ClaimRules rules;
};

// Pending entries it looks at for each that it may claim.
constexpr size_t kLooksPerEntry = 10;

bool ParseAutoClaim(Context& c, AutoClaimRequest* request) {
  if (!ParseMinIdle(c, "ERR Invalid min-idle-time argument for XAUTOCLAIM",
                    &request->rules.min_idle_ms)) {
    return false;
  }
  if (!ParseRangeStart(c, 5, &request->start)) return false;
  for (size_t i = 6; i < c.args.size(); ++i) {
    if (EqualsIgnoreCase(c.args[i], "count") && i + 1 < c.args.size()) {
      constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / sizeof(StreamId);
      if (!c.Integer(++i, 1, kMost, &request->count, "ERR COUNT must be > 0")) return false;
    } else if (EqualsIgnoreCase(c.args[i], "justid")) {
      request->rules.just_id = true;
    } else {
      c.SyntaxError();
      return false;
    }
  }
  return true;
}

// The ids of what is pending from the start on, taken before a claim changes it: as many as may be
// looked at, and one more, where the next call goes on.
std::vector<StreamId> PendingFrom(const StreamGroup& group, StreamId start, size_t looks) {
  std::vector<StreamId> ids;
  group.pending().ForEachFrom(start, [&](const PendingEntry& entry) {
    ids.push_back(entry.id);
    return ids.size() <= looks;
  });
  return ids;
}

void XAutoClaim(Context& c) {
  AutoClaimRequest request;
  if (!ParseAutoClaim(c, &request)) return;
  const Key key = c.key(1);
  Stream* stream;
  if (!WriteGroups(c, key, &stream)) return;
  StreamGroup* group = FindGroup(c, key, stream);
  if (group == nullptr) return;
  c.ReplicateNothing();  // but what follows
  StreamConsumer& consumer = SeeConsumer(c, key, *group, c.args[3]);
  const auto count = static_cast<size_t>(request.count), looks = count * kLooksPerEntry;
  const std::vector<StreamId> ids = PendingFrom(*group, request.start, looks);
  Claim claim{c, key, *stream, *group, consumer, request.rules};
  size_t looked = 0;
  while (looked < std::min(ids.size(), looks) &&
         claim.claimed.size() + claim.deleted.size() < count) {
    ClaimOne(claim, ids[looked++]);
  }
  if (claim.changes() > 0) c.Noted(key, NotifyClass::kStream, {}, claim.changes());
  c.reply.Array(3);
  ReplyId(c.reply, looked < ids.size() ? ids[looked] : StreamId());
  ReplyClaimed(c.reply, claim);
  c.reply.Array(claim.deleted.size());
  for (StreamId id : claim.deleted) ReplyId(c.reply, id);
}

constexpr Command kCommands[] = {
    {.name = "xclaim",
     .arity = -6,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .keys = {Key1(kRW | kUpdate)},
     .run = XClaim,
     .group = "stream",
     .syntax = "key group consumer min-idle-time id [id ...] [IDLE ms(integer)] [TIME "
               "unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
     .since = "5.0.0",
     .complexity = "O(log(N)) for each id and N pending entries",
     .summary = "Makes entries that are pending in a group pending for another consumer.",
     .tips = "nondeterministic_output"},
    {.name = "xautoclaim",
     .arity = -6,
     .flags = kWrite | kFast,
     .categories = kCatStream,
     .keys = {Key1(kRW | kDelete)},
     .run = XAutoClaim,
     .group = "stream",
     .syntax = "key group consumer min-idle-time start(string) [COUNT count] [JUSTID]",
     .since = "6.2.0",
     .history = "7.0.0 Answers also which pending entries were gone from the stream.",
     .complexity = "O(1) if COUNT is small",
     .summary = "Claims entries that have been pending in a group for some time.",
     .tips = "nondeterministic_output"},
};

}  // namespace

std::span<const Command> StreamClaimCommands() { return kCommands; }

}  // namespace larder
