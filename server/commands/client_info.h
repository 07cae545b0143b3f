// What CLIENT LIST says of a client, and the labels that clients give themselves.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/engine/context.h"

namespace larder {

// Appends the client's line, without the newline, as the client of the context sees it. Any thread,
// while the client cannot go away.
void AppendClientInfo(std::string& out, const Client& client, const Context& c);
// The same for nobody in particular; `request`: what the client has just sent, if that is known.
std::string DescribeClient(const Client& client, int64_t now_ms, Args request = {});

// A label stands between spaces in CLIENT LIST, so it must be printable ASCII without any.
bool IsValidLabel(std::string_view label);

// Sets the name, "" for none. False, with Redis' error answered, where it is not valid.
bool SetClientName(Context& c, std::string_view name);

// Asks the client's loop to close it. Any thread, while the client cannot go away.
void CloseClient(Client& client);

// The client has logged in as this user. Any thread, while the client cannot go away.
bool BelongsTo(const Client& client, const User& user);

// The classes that CLIENT LIST and CLIENT KILL select by.
enum class ClientKind : uint8_t { kNormal, kReplica, kPubSub, kMaster };
ClientKind KindOf(const Client& client);
// Parses word `i`, or answers the error.
bool ParseClientKind(Context& c, size_t i, std::optional<ClientKind>* kind);

}  // namespace larder
