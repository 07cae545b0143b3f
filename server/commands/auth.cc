// AUTH: a connection says whose it is.
#include "server/commands/auth.h"

#include "protocol/errors.h"
#include "server/commands/commands.h"
#include "server/engine/engine.h"
#include "server/engine/permissions.h"

namespace larder {

bool Authenticate(Context& c, std::string_view user, std::string_view password) {
  if (UserRef found = c.engine.users.Authenticate(user, password)) {
    SetUser(c.client, std::move(found));
    c.client.authenticated = true;
    return true;
  }
  NoteDenial(c.engine, c.worker, c.client,
             {.denial = {AclDenial::Reason::kAuthentication, 0},
              .where = c.client.in_exec ? AclLog::Where::kTransaction : AclLog::Where::kTopLevel,
              .object = c.args[0],
              .user = user});
  c.reply.Error(errors::kWrongPass);
  return false;
}

namespace {

void Auth(Context& c) {
  if (c.args.size() > 3) return c.SyntaxError();
  const bool with_user = c.args.size() == 3;
  if (!with_user && c.engine.users.Default()->needs_no_password()) {
    return c.reply.Error(
        "ERR AUTH <password> called without any password configured for the default user. Are you "
        "sure your configuration is correct?");
  }
  if (Authenticate(c, with_user ? c.args[1] : Users::kDefault, c.args.back())) c.reply.Ok();
}

size_t AllWords(Args words, size_t i) { return i == 0 ? words.size() - 1 : 0; }

constexpr Command kCommands[] = {
    {.name = "auth",
     .arity = -2,
     .flags = kNoScript | kLoading | kStale | kFast | kNoAuth | kSentinel | kAllowBusy,
     .categories = kCatConnection,
     .run = Auth,
     .group = "connection",
     .syntax = "[username@6.0.0] password",
     .since = "1.0.0",
     .history = "6.0.0 Takes the name of a user before the password.",
     .complexity = "O(N) for a password of N bytes",
     .summary = "Authenticates the connection.",
     .secrets_behind = AllWords},
};

}  // namespace

std::span<const Command> AuthCommands() { return kCommands; }

}  // namespace larder
