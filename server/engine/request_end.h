// RequestEnd: what comes over a client when a request of it has been answered, at once or after a
// wait: CLIENT REPLY may want the answer cut off again, and CLIENT CACHING is over. Whoever
// executes for the client.
#pragma once

#include "protocol/output_buffer.h"
#include "server/engine/client.h"

namespace larder {

struct Command;

class RequestEnd {
 public:
  // Before anything is answered, or done that changes CLIENT REPLY.
  explicit RequestEnd(const Client& client) : mode_(client.reply_mode), mark_(client.out.mark()) {}
  // The reply is in the client's output. `command` is null where there is no such command.
  void Answered(Client& client, const Command* command) const {
    const bool speaks = mode_ == Client::ReplyMode::kOn && client.reply_mode == mode_;
    if (!speaks || client.tracking.on()) [[unlikely]]
      End(client, command);
  }

 private:
  void End(Client& client, const Command* command) const;
  void Mute(Client& client, const Command* command) const;

  const Client::ReplyMode mode_;
  const OutputBuffer::Mark mark_;
};

}  // namespace larder
