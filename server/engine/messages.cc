#include "server/engine/messages.h"

#include <memory>
#include <string>

#include "protocol/reply.h"
#include "server/engine/engine.h"
#include "server/engine/push.h"

namespace larder {
namespace {

// A message as the subscribers of one channel or pattern get it. Encoded once, without the first
// byte, which is all that RESP2 and RESP3 differ in; a large payload is shared, not copied.
class Message final : public Push {
 public:
  Message(TopicKind kind, std::string_view topic, std::string_view channel, const BulkView& payload)
      : kind_(kind), topic_(topic) {
    static constexpr std::string_view kNames[] = {"message", "pmessage", "smessage"};
    const bool pattern = kind == TopicKind::kPattern;
    Reply reply(encoded_, 3);
    reply.Push(pattern ? 4 : 3);
    reply.Bulk(kNames[static_cast<size_t>(kind)]);
    if (pattern) reply.Bulk(topic);
    reply.Bulk(channel);
    reply.Bulk(payload);
    encoded_.DropFront(1);
  }

  const std::string& topic() const { return topic_; }

  void Deliver(Engine&, Client& client) const override {
    if (!client.subscriptions.Has(kind_, topic_)) return;
    client.out.Append(client.resp.load(std::memory_order_relaxed) == 2 ? "*" : ">");
    client.out.Append(encoded_);
  }
  size_t MemoryBytes() const override { return sizeof(*this) + topic_.size() + encoded_.size(); }

 private:
  const TopicKind kind_;
  const std::string topic_;
  OutputBuffer encoded_;
};

// A payload that many messages hold.
class Payload {
 public:
  explicit Payload(std::string_view bytes) : bytes_(bytes) {}
  // Made when the first subscriber is met.
  BulkView view() {
    if (blob_.get() == nullptr && bytes_.size() >= kBlobMinBytes) {
      blob_ = BlobRef::Adopt(Blob::New(bytes_));
    }
    return {bytes_, blob_.get()};
  }

 private:
  const std::string_view bytes_;
  BlobRef blob_;
};

size_t PublishTo(Engine& engine, TopicKind kind, std::string_view channel, Payload& payload) {
  std::shared_ptr<const Message> message;
  auto deliver = [&](std::string_view topic, Mailbox* home, std::vector<uint64_t> clients) {
    // The homes of one topic come one after the other.
    if (message == nullptr || message->topic() != topic) {
      message = std::make_shared<const Message>(kind, topic, channel, payload.view());
    }
    PostPush(*home, message, std::move(clients));
  };
  Topics& topics = engine.pubsub[kind];
  return kind == TopicKind::kPattern ? topics.TellMatching(channel, deliver)
                                     : topics.Tell(channel, deliver);
}

}  // namespace

size_t Publish(Engine& engine, std::string_view channel, std::string_view payload) {
  Payload shared(payload);
  return PublishTo(engine, TopicKind::kChannel, channel, shared) +
         PublishTo(engine, TopicKind::kPattern, channel, shared);
}

size_t PublishToShard(Engine& engine, std::string_view channel, std::string_view payload) {
  Payload shared(payload);
  return PublishTo(engine, TopicKind::kShardChannel, channel, shared);
}

void Subscribe(Engine& engine, Client& client, TopicKind kind, std::string_view name) {
  if (!client.subscriptions.Add(kind, name)) return;
  engine.pubsub[kind].Add(name, {client.home, client.id});
}

void Unsubscribe(Engine& engine, Client& client, TopicKind kind, std::string_view name) {
  if (!client.subscriptions.Remove(kind, name)) return;
  engine.pubsub[kind].Remove(name, {client.home, client.id});
}

void UnsubscribeFromAll(Engine& engine, Client& client) {
  if (!client.subscriptions.any()) return;
  for (TopicKind kind : {TopicKind::kChannel, TopicKind::kPattern, TopicKind::kShardChannel}) {
    for (const std::string& name : client.subscriptions.Names(kind)) {
      Unsubscribe(engine, client, kind, name);
    }
  }
}

}  // namespace larder
