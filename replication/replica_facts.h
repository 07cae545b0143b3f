// ReplicaFacts: what a client has told of itself with REPLCONF before it asks for the stream. Its
// connection's own; goes with it to the replication room.
#pragma once

#include <string>

namespace larder {

struct ReplicaFacts {
  std::string announced_ip;  // empty: the address it comes from
  int port = 0;              // where it listens
  bool takes_eof = false;    // capa eof: a snapshot without a length
  bool takes_id = false;     // capa psync2: +CONTINUE may name another history
  // capa prompt-acks, of ours: once asked, it acknowledges each batch at once for ten seconds.
  bool prompt_acks = false;
  bool snapshot_only = false;      // rdb-only: no stream follows
  bool without_keys = false;       // rdb-filter-only that leaves the keys out
  bool without_functions = false;  // and the functions
};

}  // namespace larder
