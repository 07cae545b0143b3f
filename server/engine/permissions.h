// Permissions: what the user of a client may do (server/acl), asked in the engine's words. Only the
// client's own thread; no lock need be held.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/acl/acl_log.h"
#include "server/acl/command_index.h"
#include "server/acl/user.h"
#include "server/engine/args.h"
#include "server/engine/client.h"
#include "server/engine/command_table.h"

namespace larder {

class Engine;
class Worker;

// What permissions know of the commands.
std::vector<AclCommand> AclCommandsOf(const CommandTable& table);

// Gives a client a user. Null: the server itself, which may do everything.
void SetUser(Client& client, UserRef user);
// The same user, as the other client knows him: scripts act for their caller.
void BorrowUser(const Client& from, Client& to);
// The state of a connection that has not said who it is.
void BecomeDefaultUser(const Engine& engine, Client& client);

// False where the client's user was removed: then nothing of the client is to run any more.
bool FollowUser(const Engine& engine, Client& client);

// What the client's user may not do about a command; nothing for a user that may do everything,
// which is remembered until a user changes.
AclDenial CheckPermission(const Engine& engine, Client& client, const Command& command, Args args);
// The same for what runs within another request, in EXEC or for a script: as its user was when that
// began, whoever changes users meanwhile, so that it runs whole or not at all.
AclDenial CheckWithin(const Engine& engine, Client& client, const Command& command, Args args);
// The same for any user.
AclDenial CheckPermission(const Engine& engine, const User& user, const Command& command,
                          Args args);
// Whether the client, which may run the command, may read all keys with it (SORT BY, GET).
bool MayReadAllKeys(const Engine& engine, const Client& client, const Command& command, Args args);

// Counts a denial and notes it for ACL LOG. `caller` is the connection: of a script, who called it.
struct DenialNote {
  AclDenial denial;
  AclLog::Where where;
  std::string_view object;  // what was denied
  std::string_view user;    // to whom
};
void NoteDenial(Engine& engine, Worker& worker, const Client& caller, const DenialNote& note);
// The same for what the caller's user may not do about a command.
void NoteDenial(Engine& engine, Worker& worker, const Client& caller, const AclDenial& denial,
                AclLog::Where where, const Command& command, Args args);

// "NOPERM this user …", as the client sees it.
std::string DenialText(const AclDenial& denial, const Command& command);

}  // namespace larder
