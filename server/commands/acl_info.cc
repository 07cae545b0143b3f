// ACL: what permissions are made of (CAT, GENPASS), what they would allow (DRYRUN), and who was
// refused (LOG).
#include <algorithm>

#include "protocol/errors.h"
#include "server/acl/categories.h"
#include "server/base/random.h"
#include "server/base/strings.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"
#include "server/engine/engine.h"
#include "server/engine/permissions.h"

namespace larder {
namespace {

void AclCat(Context& c) {
  if (c.args.size() > 3) return c.reply.Error(UnknownForm(c));
  if (c.args.size() == 2) {
    c.reply.Array(std::size(kCategoryNames));
    for (std::string_view name : kCategoryNames) c.reply.Bulk(name);
    return;
  }
  const uint32_t category = CategoryByName(c.args[2]);
  if (category == 0) {
    return c.reply.Error(StrCat("ERR Unknown category '", c.args[2].substr(0, 128), "'"));
  }
  const auto begin = c.reply.Begin();
  size_t count = 0;
  for (const Command& command : c.engine.commands.commands()) {
    if (!(CommandTable::Categories(command) & category)) continue;
    c.reply.Bulk(CommandTable::FullName(command));
    ++count;
  }
  c.reply.EndArray(begin, count);
}

void AclGenPass(Context& c) {
  constexpr int64_t kMostBits = 4096;
  if (c.args.size() > 3) return c.reply.Error(UnknownForm(c));
  int64_t bits = 256;
  if (c.args.size() == 3 && !c.Integer(2, &bits)) return;
  if (bits <= 0 || bits > kMostBits) {
    return c.reply.Error(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive "
        "number up to 4096");
  }
  c.reply.Bulk(RandomHex(static_cast<size_t>((bits + 3) / 4)));
}

void ReplyLogEntry(Context& c, const AclLog::Entry& entry) {
  c.reply.Map(10);
  c.reply.Bulk("count");
  c.reply.Integer(static_cast<int64_t>(entry.count));
  c.reply.Bulk("reason");
  c.reply.Bulk(NameOf(entry.reason));
  c.reply.Bulk("context");
  c.reply.Bulk(NameOf(entry.where));
  c.reply.Bulk("object");
  c.reply.Bulk(entry.object);
  c.reply.Bulk("username");
  c.reply.Bulk(entry.user);
  c.reply.Bulk("age-seconds");
  c.reply.Double(static_cast<double>(std::max<int64_t>(c.now_ms() - entry.updated_ms, 0)) / 1000);
  c.reply.Bulk("client-info");
  c.reply.Bulk(entry.client);
  c.reply.Bulk("entry-id");
  c.reply.Integer(static_cast<int64_t>(entry.id));
  c.reply.Bulk("timestamp-created");
  c.reply.Integer(entry.created_ms);
  c.reply.Bulk("timestamp-last-updated");
  c.reply.Integer(entry.updated_ms);
}

void AclLogCommand(Context& c) {
  if (c.args.size() > 3) return c.reply.Error(UnknownForm(c));
  int64_t count = 10;
  if (c.args.size() == 3 && EqualsIgnoreCase(c.args[2], "reset")) {
    c.engine.acl_log.Clear();
    return c.reply.Ok();
  }
  if (c.args.size() == 3 && !c.Integer(2, &count)) return;
  const std::vector<AclLog::Entry> entries =
      c.engine.acl_log.Newest(static_cast<size_t>(std::max<int64_t>(count, 0)));
  c.reply.Array(entries.size());
  for (const AclLog::Entry& entry : entries) ReplyLogEntry(c, entry);
}

std::string DryRunText(const AclDenial& denial, const Command& command, Args words) {
  switch (denial.reason) {
    case AclDenial::Reason::kKey:
      return StrCat("This user has no permissions to access the '", words[denial.word], "' key");
    case AclDenial::Reason::kChannel:
      return StrCat("This user has no permissions to access the '", words[denial.word],
                    "' channel");
    default:
      return StrCat("This user has no permissions to run the '", CommandTable::FullName(command),
                    "' command");
  }
}

void AclDryRun(Context& c) {
  const UserRef user = c.engine.users.Find(c.args[2]);
  if (user == nullptr) return c.reply.Error(StrCat("ERR User '", c.args[2], "' not found"));
  const Args words = c.args.subspan(3);
  const Command* command = c.engine.commands.Resolve(words);
  if (command == nullptr) return c.reply.Error(StrCat("ERR Command '", words[0], "' not found"));
  if (!ArityFits(*command, words.size())) {
    return c.reply.Error(errors::WrongArity(CommandTable::FullName(*command)));
  }
  const AclDenial denial = CheckPermission(c.engine, *user, *command, words);
  denial ? c.reply.Bulk(DryRunText(denial, *command, words)) : c.reply.Ok();
}

void AclHelp(Context& c) {
  ReplyHelp(c,
            {{"CAT [<category>]", "Show all categories, or the commands of one."},
             {"DELUSER <username> [<username> ...]", "Remove users, and close their connections."},
             {"DRYRUN <username> <command> [<arg> ...]",
              "Tell whether the user may run the command. It is not run."},
             {"GETUSER <username>", "Show the permissions of a user."},
             {"GENPASS [<bits>]", "Make up a password, of 256 bits if not said otherwise."},
             {"LIST", "Show all users as lines of a configuration."},
             {"LOAD", "Read the users anew from the ACL file."},
             {"LOG [<count> | RESET]", "Show who was refused what, or forget it."},
             {"SAVE", "Write the users into the ACL file."},
             {"SETUSER <username> <rule> [<rule> ...]", "Make a user, or change one."},
             {"USERS", "Show the names of all users."},
             {"WHOAMI", "Show the user of this connection."}});
}

constexpr uint32_t kFlags = kNoScript | kLoading | kStale | kSentinel;

constexpr Command kCommands[] = {
    {.name = "cat",
     .parent = "acl",
     .arity = -2,
     .flags = kFlags,
     .run = AclCat,
     .group = "server",
     .syntax = "[category]",
     .since = "6.0.0",
     .complexity = "O(N) for N commands",
     .summary = "Lists the categories of commands, or the commands of one."},
    {.name = "genpass",
     .parent = "acl",
     .arity = -2,
     .flags = kFlags,
     .run = AclGenPass,
     .group = "server",
     .syntax = "[bits(integer)]",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Returns a random password."},
    {.name = "log",
     .parent = "acl",
     .arity = -2,
     .flags = kAdmin | kFlags,
     .run = AclLogCommand,
     .group = "server",
     .syntax = "[operation: count | RESET]",
     .since = "6.0.0",
     .history = "7.2.0 Entries have an id and the times when they were made and last changed.",
     .complexity = "O(N) for N entries",
     .summary = "Returns the last attempts that were refused."},
    {.name = "dryrun",
     .parent = "acl",
     .arity = -4,
     .flags = kAdmin | kFlags,
     .run = AclDryRun,
     .group = "server",
     .syntax = "username command [arg [arg ...]]",
     .since = "7.0.0",
     .complexity = "O(1)",
     .summary = "Tells whether a user may run a command."},
    {.name = "help",
     .parent = "acl",
     .arity = 2,
     .flags = kLoading | kStale | kSentinel,
     .run = AclHelp,
     .group = "server",
     .since = "6.0.0",
     .complexity = "O(1)",
     .summary = "Lists the subcommands."},
};

}  // namespace

std::span<const Command> AclInfoCommands() { return kCommands; }

}  // namespace larder
