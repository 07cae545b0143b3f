// Publishing and subscribing, for a client of the engine. Any thread that runs the client;
// publishing from any thread, also under a shard's lock.
//
// A message is mailed under the lock of its channel, so that all subscribers get the messages of a
// channel in one order; who has unsubscribed when the letter comes does not get it any more.
#pragma once

#include <cstddef>
#include <string_view>

#include "server/engine/client.h"
#include "server/pubsub/topics.h"

namespace larder {

class Engine;

// Sends a message to the subscribers of a channel and of patterns that match it. Returns how many
// clients it was sent to, counting one twice that listens in two ways.
size_t Publish(Engine& engine, std::string_view channel, std::string_view payload);
// The same for shard channels, which patterns do not see.
size_t PublishToShard(Engine& engine, std::string_view channel, std::string_view payload);

// Nothing happens where the client listens to the name already, or does not.
void Subscribe(Engine& engine, Client& client, TopicKind kind, std::string_view name);
void Unsubscribe(Engine& engine, Client& client, TopicKind kind, std::string_view name);
void UnsubscribeFromAll(Engine& engine, Client& client);

}  // namespace larder
