#include "server/engine/request_end.h"

#include "server/engine/command.h"
#include "server/engine/tracking.h"
#include "server/engine/transaction.h"

namespace larder {
namespace {

using ReplyMode = Client::ReplyMode;

// Its confirmations are pushes, not replies, and CLIENT REPLY does not silence them.
bool Confirms(const Client& client, const Command* command) {
  constexpr uint64_t kSubscribes = kPubSub | kWhileSubscribed;
  return command != nullptr && (command->flags & kSubscribes) == kSubscribes &&
         !MustQueue(client, *command);
}

}  // namespace

void RequestEnd::End(Client& client, const Command* command) const {
  if (mode_ != ReplyMode::kOn || client.reply_mode != ReplyMode::kOn) Mute(client, command);
  if (client.tracking.on()) EndCaching(client, command);
}

// A client that asked for silence gets its command run, and the reply cut off again.
void RequestEnd::Mute(Client& client, const Command* command) const {
  const bool muted = mode_ == ReplyMode::kOff || mode_ == ReplyMode::kSkip;
  const bool silent =
      (muted && client.reply_mode != ReplyMode::kOn) || client.reply_mode == ReplyMode::kOff;
  if (silent && !Confirms(client, command)) client.out.TruncateTo(mark_);
  if (client.reply_mode == ReplyMode::kSkip) {
    client.reply_mode = ReplyMode::kOn;
  } else if (client.reply_mode == ReplyMode::kSkipNext) {
    client.reply_mode = ReplyMode::kSkip;
  }
}

}  // namespace larder
