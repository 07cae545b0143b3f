#include "server/engine/permissions.h"

#include "server/base/strings.h"
#include "server/engine/engine.h"
#include "server/engine/key_uses.h"

namespace larder {
namespace {

uint8_t AccessOf(uint16_t key_flags) {
  uint8_t access = 0;
  if (key_flags & kAccess) access |= kReadsKey;
  if (key_flags & (kUpdate | kInsert | kDelete)) access |= kWritesKey;
  return access;
}

void FindChannels(const Command& command, Args args, std::vector<ChannelUse>& channels) {
  if (command.channels == Channels::kNone) return;
  const bool pattern = command.channels == Channels::kPatterns;
  const size_t end = command.channels == Channels::kFirst ? 2 : args.size();
  for (size_t i = 1; i < end; ++i) channels.push_back({static_cast<uint32_t>(i), pattern});
}

// Calls use(request).
template <typename Use>
auto WithRequest(const Engine& engine, const Command& command, Args args, Use use) {
  std::vector<KeyPosition> positions;
  std::vector<KeyUse> keys;
  std::vector<ChannelUse> channels;
  FindKeyUses(command, args, &positions);
  for (const KeyPosition& position : positions) {
    if (!(position.flags & kNotKey)) keys.push_back({position.index, AccessOf(position.flags)});
  }
  FindChannels(command, args, channels);
  const auto number = static_cast<uint32_t>(engine.commands.number(command));
  return use(AclRequest{number, args, keys, channels});
}

Tally WorkerStats::*CounterOf(AclDenial::Reason reason) {
  switch (reason) {
    case AclDenial::Reason::kAuthentication:
      return &WorkerStats::acl_denied_auth;
    case AclDenial::Reason::kKey:
      return &WorkerStats::acl_denied_key;
    case AclDenial::Reason::kChannel:
      return &WorkerStats::acl_denied_channel;
    default:
      return &WorkerStats::acl_denied_command;
  }
}

}  // namespace

std::vector<AclCommand> AclCommandsOf(const CommandTable& table) {
  std::vector<AclCommand> commands;
  for (const Command& command : table.commands()) {
    commands.push_back({.name = CommandTable::FullName(command),
                        .categories = CommandTable::Categories(command),
                        .always_allowed = (command.flags & kNoAuth) != 0});
  }
  return commands;
}

void SetUser(Client& client, UserRef user) {
  MutexLock lock(client.label_mutex);
  client.user = std::move(user);
  client.user_checked_at = client.unrestricted_at = 0;
}

void BorrowUser(const Client& from, Client& to) {
  SetUser(to, from.user);
  to.user_checked_at = from.user_checked_at;
  to.unrestricted_at = from.unrestricted_at;
}

void BecomeDefaultUser(const Engine& engine, Client& client) {
  SetUser(client, engine.users.Default());
  client.authenticated = engine.users.admits_without_password();
}

bool FollowUser(const Engine& engine, Client& client) {
  // First the version: a change in between is found the next time.
  const uint64_t version = engine.users.version();
  if (client.user_checked_at == version) return true;
  if (client.user != nullptr) {
    UserRef current = engine.users.Current(*client.user);
    if (current == nullptr) return false;
    SetUser(client, std::move(current));
  }
  client.user_checked_at = version;
  if (client.user == nullptr || client.user->may_do_everything()) client.unrestricted_at = version;
  return true;
}

AclDenial CheckPermission(const Engine& engine, Client& client, const Command& command, Args args) {
  if (!FollowUser(engine, client)) return {AclDenial::Reason::kCommand, 0};
  return CheckWithin(engine, client, command, args);
}

AclDenial CheckWithin(const Engine& engine, Client& client, const Command& command, Args args) {
  const bool is_new = client.user_checked_at == 0;
  if (is_new && !FollowUser(engine, client)) return {AclDenial::Reason::kCommand, 0};
  if (client.unrestricted_at == client.user_checked_at) return {};
  return CheckPermission(engine, *client.user, command, args);
}

AclDenial CheckPermission(const Engine& engine, const User& user, const Command& command,
                          Args args) {
  return WithRequest(engine, command, args,
                     [&user](const AclRequest& request) { return user.Check(request); });
}

bool MayReadAllKeys(const Engine& engine, const Client& client, const Command& command, Args args) {
  if (client.user == nullptr || client.unrestricted_at == engine.users.version()) return true;
  return WithRequest(engine, command, args, [&client](const AclRequest& request) {
    return client.user->MayReadAllKeys(request);
  });
}

void NoteDenial(Engine& engine, Worker& worker, const Client& caller, const DenialNote& note) {
  (worker.stats.*CounterOf(note.denial.reason)).Add(1);
  AclLog::Entry entry = {.reason = note.denial.reason,
                         .where = note.where,
                         .object = std::string(note.object),
                         .user = std::string(note.user)};
  if (engine.describe_client) entry.client = engine.describe_client(caller, worker.now_ms);
  entry.updated_ms = worker.now_ms;
  engine.acl_log.Add(std::move(entry),
                     static_cast<size_t>(int64_t{engine.config.settings().acllog_max_len}));
}

void NoteDenial(Engine& engine, Worker& worker, const Client& caller, const AclDenial& denial,
                AclLog::Where where, const Command& command, Args args) {
  const std::string name = CommandTable::FullName(command);
  const bool whole = denial.reason == AclDenial::Reason::kCommand;
  NoteDenial(engine, worker, caller,
             {.denial = denial,
              .where = where,
              .object = whole ? std::string_view(name) : args[denial.word],
              .user = caller.user == nullptr ? "" : std::string_view(caller.user->name())});
}

std::string DenialText(const AclDenial& denial, const Command& command) {
  switch (denial.reason) {
    case AclDenial::Reason::kKey:
      return "NOPERM this user has no permissions to access one of the keys used as arguments";
    case AclDenial::Reason::kChannel:
      return "NOPERM this user has no permissions to access one of the channels used as arguments";
    default:
      return StrCat("NOPERM this user has no permissions to run the '",
                    CommandTable::FullName(command), "' command");
  }
}

}  // namespace larder
