#include "server/commands/client_info.h"

#include <algorithm>

#include "server/base/strings.h"
#include "server/engine/command_table.h"

namespace larder {
namespace {

template <typename T>
T Load(const std::atomic<T>& value) {
  return value.load(std::memory_order_relaxed);
}

// As Redis' letters; N where none applies.
std::string Flags(const Client& client) {
  std::string flags;
  if (client.link == Client::Link::kReplica) flags += 'S';
  if (client.link == Client::Link::kPrimary) flags += 'M';
  if (Load(client.monitor)) flags += 'O';
  if (client.subscriptions.any()) flags += 'P';
  if (Load(client.queued) > 0) flags += 'x';
  if (Load(client.blocked) || Load(client.postponed)) flags += 'b';
  const uint32_t tracking = Load(client.tracking.flags);
  if (tracking & Client::Tracking::kOn) flags += 't';
  if (tracking & Client::Tracking::kBrokenRedirect) flags += 'R';
  if (tracking & Client::Tracking::kBroadcast) flags += 'B';
  if (Load(client.close_after_reply)) flags += 'c';
  if (client.unix_socket) flags += 'U';
  if (Load(client.no_evict)) flags += 'e';
  if (Load(client.no_touch)) flags += 'T';
  if (flags.empty()) flags = "N";
  return flags;
}

uint64_t WordBytes(Args args) {
  uint64_t bytes = 0;
  for (std::string_view word : args) bytes += word.size();
  return bytes;
}

// The size of a request as clients send it.
uint64_t WireBytes(Args args) {
  if (args.empty()) return 0;
  uint64_t bytes = StrCat("*", args.size(), "\r\n").size();
  for (std::string_view word : args) bytes += StrCat("$", word.size(), "\r\n\r\n").size();
  return bytes + WordBytes(args);
}

// As it counts for maxmemory-clients, or with what is known better already.
uint64_t TotalBytes(const Client& client, uint64_t input) {
  const auto counted = static_cast<uint64_t>(std::max<int64_t>(Load(client.counted_bytes), 0));
  return std::max({counted, client.memory_bytes(), sizeof(Client) + input});
}

}  // namespace

// Of its own request, which is being run, the client sees the size as well.
void AppendClientInfo(std::string& out, const Client& client, const Context& c) {
  out += DescribeClient(client, c.now_ms(), &client == &c.client ? c.args : Args());
}

std::string DescribeClient(const Client& client, int64_t now_ms, Args args) {
  std::string out;
  const Command* last = Load(client.last_command);
  const int64_t queued = static_cast<int64_t>(Load(client.queued)) - 1;
  const uint64_t input = std::max<uint64_t>(Load(client.input_bytes), WireBytes(args));
  // Words that are whole are no longer in the query buffer, as Redis sees it.
  const uint64_t whole = std::min(input, Load(client.whole_bytes));
  const uint64_t output = Load(client.output_bytes);
  const int64_t active_ms = std::max(Load(client.last_command_ms), Load(client.last_sent_ms));
  MutexLock lock(client.label_mutex);
  StrAppend(out, "id=", client.id, " addr=", client.address, " laddr=", client.local_address);
  StrAppend(out, " fd=", client.fd, " name=", client.name);
  StrAppend(out, " age=", std::max<int64_t>(now_ms - client.connected_ms, 0) / 1000);
  StrAppend(out, " idle=", std::max<int64_t>(now_ms - active_ms, 0) / 1000);
  StrAppend(out, " flags=", Flags(client), " db=", Load(client.db));
  StrAppend(out, " sub=", client.subscriptions.size(TopicKind::kChannel),
            " psub=", client.subscriptions.size(TopicKind::kPattern),
            " ssub=", client.subscriptions.size(TopicKind::kShardChannel));
  StrAppend(out, " multi=", queued, " qbuf=", input - whole,
            " qbuf-free=", Load(client.input_room));
  StrAppend(out, " argv-mem=", std::max(whole, WordBytes(args)),
            " multi-mem=", Load(client.queued_bytes));
  StrAppend(out, " rbs=0 rbp=0 obl=0 oll=", output > 0 ? 1 : 0, " omem=", output);
  StrAppend(out, " tot-mem=", TotalBytes(client, input), " events=", output > 0 ? "rw" : "r");
  StrAppend(out, " cmd=", last == nullptr ? "NULL" : CommandTable::FullName(*last));
  const int64_t redirect =
      client.tracking.on() ? static_cast<int64_t>(Load(client.tracking.redirect)) : -1;
  StrAppend(out, " user=", client.user == nullptr ? "(superuser)" : client.user->name());
  StrAppend(out, " redir=", redirect, " resp=", Load(client.resp));
  StrAppend(out, " lib-name=", client.library_name, " lib-ver=", client.library_version);
  return out;
}

bool BelongsTo(const Client& client, const User& user) {
  MutexLock lock(client.label_mutex);
  return client.user != nullptr && client.user->account() == user.account();
}

bool IsValidLabel(std::string_view label) {
  return std::all_of(label.begin(), label.end(), [](char c) { return c >= '!' && c <= '~'; });
}

bool SetClientName(Context& c, std::string_view name) {
  if (!IsValidLabel(name)) {
    c.reply.Error("ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  MutexLock lock(c.client.label_mutex);
  c.client.name = name;
  return true;
}

void CloseClient(Client& client) {
  // What a replica gets ends here, and not where its thread reads the letter.
  if (client.link == Client::Link::kReplica) client.close_after_reply = true;
  client.home->Post(CloseLetter(client.id));
}

ClientKind KindOf(const Client& client) {
  if (client.link == Client::Link::kReplica) return ClientKind::kReplica;
  if (client.link == Client::Link::kPrimary) return ClientKind::kMaster;
  return client.subscriptions.any() ? ClientKind::kPubSub : ClientKind::kNormal;
}

bool ParseClientKind(Context& c, size_t i, std::optional<ClientKind>* kind) {
  const std::string_view word = c.args[i];
  if (EqualsIgnoreCase(word, "normal")) {
    *kind = ClientKind::kNormal;
  } else if (EqualsIgnoreCase(word, "replica") || EqualsIgnoreCase(word, "slave")) {
    *kind = ClientKind::kReplica;
  } else if (EqualsIgnoreCase(word, "pubsub")) {
    *kind = ClientKind::kPubSub;
  } else if (EqualsIgnoreCase(word, "master")) {
    *kind = ClientKind::kMaster;
  } else {
    c.reply.Error(StrCat("ERR Unknown client type '", word, "'"));
    return false;
  }
  return true;
}

}  // namespace larder
