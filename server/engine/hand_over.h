// HandedOver: a connection that has left its loop for another room: PSYNC turns a client into a
// replica, which is served elsewhere. A handler sets Client::hand_over and asks for the connection
// to be closed (close_after_reply); when the replies before are sent, the loop forgets the client
// and calls it with the socket.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/acl/users.h"
#include "server/base/socket.h"

namespace larder {

struct ReplicaFacts;  // replication/replica_facts.h

struct HandedOver {
  Socket socket;
  std::string unread;  // received behind the request that handed it over
  uint64_t id = 0;     // the client's, which it keeps
  std::string address, local_address, name;
  bool unix_socket = false;
  int64_t connected_ms = 0;
  UserRef user;                           // who goes with his user (ACL DELUSER)
  std::shared_ptr<ReplicaFacts> replica;  // null where REPLCONF was never called
};

}  // namespace larder
