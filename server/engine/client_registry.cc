#include "server/engine/client_registry.h"

namespace larder {

void ClientRegistry::Add(Client& client) {
  MutexLock lock(mutex_);
  clients_.emplace(client.id, &client);
  size_.store(clients_.size(), std::memory_order_relaxed);
}

void ClientRegistry::Remove(Client& client) {
  MutexLock lock(mutex_);
  clients_.erase(client.id);
  size_.store(clients_.size(), std::memory_order_relaxed);
}

void ClientRegistry::ForEach(const std::function<void(Client&)>& visit) const {
  MutexLock lock(mutex_);
  for (const auto& [id, client] : clients_) visit(*client);
}

bool ClientRegistry::With(uint64_t id, const std::function<void(Client&)>& visit) const {
  MutexLock lock(mutex_);
  auto found = clients_.find(id);
  if (found == clients_.end()) return false;
  visit(*found->second);
  return true;
}

}  // namespace larder
