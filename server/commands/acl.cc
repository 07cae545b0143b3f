// ACL: the users: who there is, what they may do, the file they are kept in. What permissions are
// made of, and who was refused, is in acl_info.cc.
#include <algorithm>
#include <set>

#include "server/acl/rules.h"
#include "server/acl/user_list.h"
#include "server/base/strings.h"
#include "server/commands/client_info.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"

namespace larder {
namespace {

// Closes the connections of users who are gone, one's own after its reply.
void CloseClientsOf(Context& c, std::span<const UserRef> gone) {
  if (gone.empty()) return;
  c.engine.clients.ForEach([&](Client& client) {
    const auto his = [&client](const UserRef& user) { return BelongsTo(client, *user); };
    if (std::none_of(gone.begin(), gone.end(), his)) return;
    if (&client == &c.client) {
      client.close_after_reply.store(true, std::memory_order_relaxed);
    } else {
      CloseClient(client);
    }
  });
}

// Closes the connections of the user that listen to what he may not hear any more. Who subscribes
// meanwhile is found in the topics, or sees the user as he is now (CloseIfDenied of
// pubsub_subscribe.cc).
void CloseListeners(Context& c, const User& user) {
  std::set<uint64_t> listeners;
  const auto note = [&](std::string_view, Mailbox*, const std::vector<uint64_t>& clients) {
    listeners.insert(clients.begin(), clients.end());
  };
  for (TopicKind kind : {TopicKind::kChannel, TopicKind::kPattern, TopicKind::kShardChannel}) {
    for (const std::string& name : c.engine.pubsub[kind].Matching("*")) {
      if (user.MayUseChannel(name, kind == TopicKind::kPattern)) continue;
      c.engine.pubsub[kind].Tell(name, note);
    }
  }
  for (uint64_t id : listeners) {
    c.engine.clients.With(id, [&user](Client& client) {
      if (BelongsTo(client, user)) CloseClient(client);
    });
  }
}

void AclSetUser(Context& c) {
  const std::string_view name = c.args[2];
  if (!IsUserName(name)) {
    return c.reply.Error("ERR Usernames can't contain spaces or null characters");
  }
  const Users::Change change = c.engine.users.Set(name, c.args.subspan(3));
  if (!change.error.empty()) return c.reply.Error(StrCat("ERR ", change.error));
  if (change.before != nullptr) CloseListeners(c, *change.after);
  c.reply.Ok();
}

void AclDelUser(Context& c) {
  const Args names = c.args.subspan(2);
  if (std::find(names.begin(), names.end(), Users::kDefault) != names.end()) {
    return c.reply.Error("ERR The 'default' user cannot be removed");
  }
  std::vector<UserRef> gone;
  for (std::string_view name : names) {
    if (UserRef user = c.engine.users.Remove(name)) gone.push_back(std::move(user));
  }
  CloseClientsOf(c, gone);
  c.reply.Integer(static_cast<int64_t>(gone.size()));
}

void ReplySelector(Reply& reply, const Selector& selector) {
  reply.Bulk("commands");
  reply.Bulk(selector.DescribeCommands());
  reply.Bulk("keys");
  reply.Bulk(selector.DescribeKeys());
  reply.Bulk("channels");
  reply.Bulk(selector.DescribeChannels());
}

void AclGetUser(Context& c) {
  const UserRef user = c.engine.users.Find(c.args[2]);
  if (user == nullptr) return c.reply.Null();
  c.reply.Map(6);
  c.reply.Bulk("flags");
  const std::vector<std::string_view> flags = user->Flags();
  c.reply.Set(flags.size());
  for (std::string_view flag : flags) c.reply.Bulk(flag);
  c.reply.Bulk("passwords");
  c.reply.Array(user->passwords().size());
  for (const Password& password : user->passwords()) c.reply.Bulk(password.Hex());
  // The first selector is told as if it were the user's own.
  const std::vector<Selector>& selectors = user->selectors();
  ReplySelector(c.reply, selectors.front());
  c.reply.Bulk("selectors");
  c.reply.Array(selectors.size() - 1);
  for (size_t i = 1; i < selectors.size(); ++i) {
    c.reply.Map(3);
    ReplySelector(c.reply, selectors[i]);
  }
}

void AclList(Context& c) {
  const std::vector<std::string> lines = UserLines(c.engine.users);
  c.reply.Array(lines.size());
  for (const std::string& line : lines) c.reply.Bulk(line);
}

void AclUsers(Context& c) {
  const std::vector<UserRef> users = c.engine.users.All();
  c.reply.Array(users.size());
  for (const UserRef& user : users) c.reply.Bulk(user->name());
}

void AclWhoAmI(Context& c) {
  if (c.client.user == nullptr) return c.reply.Null();
  c.reply.Bulk(c.client.user->name());
}

// The path of the ACL file, or "" after the error was answered.
std::string FilePath(Context& c) {
  std::string path = c.engine.config.Path("aclfile");
  if (path.empty()) {
    c.reply.Error(
        "ERR This Redis instance is not configured to use an ACL file. You may want to specify "
        "users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a "
        "Redis configuration file set) in order to store users in the Redis configuration.");
  }
  return path;
}

void AclLoad(Context& c) {
  const std::string path = FilePath(c);
  if (path.empty()) return;
  std::vector<UserRef> gone;
  const std::string errors = LoadUserFile(path, c.engine.users, &gone);
  if (!errors.empty()) return c.reply.Error(StrCat("ERR ", errors));
  CloseClientsOf(c, gone);
  c.reply.Ok();
}

void AclSave(Context& c) {
  const std::string path = FilePath(c);
  if (path.empty()) return;
  if (SaveUserFile(path, c.engine.users)) return c.reply.Ok();
  c.reply.Error(
      "ERR There was an error trying to save the ACLs. Please check the server logs for more "
      "information");
}

size_t NameAndRules(Args words, size_t i) { return i == 1 ? words.size() - 2 : 0; }

constexpr uint32_t kFlags = kAdmin | kNoScript | kLoading | kStale | kSentinel;

constexpr Command kCommands[] = {
    {.name = "acl",
     .arity = -2,
     .flags = kSentinel,
     .group = "server",
     .since = "6.0.0",
     .complexity = "Depends on the subcommand",
     .summary = "Tells about users and their permissions, and changes them."},
    {.name = "setuser",
     .parent = "acl",
     .arity = -3,
     .flags = kFlags | kChangesUsers,
     .run = AclSetUser,
     .group = "server",
     .syntax = "username [rule [rule ...]]",
     .since = "6.0.0",
     .history = "6.2.0 Takes patterns of channels.\n"
                "7.0.0 Takes selectors, and patterns of keys that may only be read or written.",
     .complexity = "O(N) for N rules",
     .summary = "Makes a user, or changes what he may do.",
     .tips = kAllNodes,
     .secrets_behind = NameAndRules},
    {.name = "deluser",
     .parent = "acl",
     .arity = -3,
     .flags = kFlags | kChangesUsers,
     .run = AclDelUser,
     .group = "server",
     .syntax = "username [username ...]",
     .since = "6.0.0",
     .complexity = "O(N) for N connections",
     .summary = "Removes users, and closes their connections.",
     .tips = kAllNodes},
    {.name = "getuser",
     .parent = "acl",
     .arity = 3,
     .flags = kFlags,
     .run = AclGetUser,
     .group = "server",
     .syntax = "username",
     .since = "6.0.0",
     .history = "6.2.0 Shows patterns of channels.\n"
                "7.0.0 Shows selectors; patterns are one string instead of a list.",
     .complexity = "O(N) for N rules of the user",
     .summary = "Returns the permissions of a user."},
    {.name = "list",
     .parent = "acl",
     .arity = 2,
     .flags = kFlags,
     .run = AclList,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(N) for N users",
     .summary = "Returns all users as lines of a configuration."},
    {.name = "users",
     .parent = "acl",
     .arity = 2,
     .flags = kFlags,
     .run = AclUsers,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(N) for N users",
     .summary = "Returns the names of all users."},
    {.name = "whoami",
     .parent = "acl",
     .arity = 2,
     .flags = kNoScript | kLoading | kStale | kSentinel,
     .run = AclWhoAmI,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Returns the user of the connection."},
    {.name = "load",
     .parent = "acl",
     .arity = 2,
     .flags = kFlags | kChangesUsers,
     .run = AclLoad,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(N) for N users",
     .summary = "Reads the users anew from the ACL file."},
    {.name = "save",
     .parent = "acl",
     .arity = 2,
     .flags = kFlags,
     .run = AclSave,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(N) for N users",
     .summary = "Writes the users into the ACL file.",
     .tips = kAllNodes},
};

}  // namespace

std::span<const Command> AclCommands() { return kCommands; }

}  // namespace larder
