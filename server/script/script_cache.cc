#include "server/script/script_cache.h"

namespace larder {

Script* ScriptCache::FindBySha(const Sha1& sha) const {
  const auto found = by_sha_.find(sha);
  return found == by_sha_.end() ? nullptr : found->second.get();
}

Script* ScriptCache::FindByBody(std::string_view body) const {
  const auto found = by_body_.find(body);
  return found == by_body_.end() ? nullptr : found->second;
}

std::unique_ptr<Script> ScriptCache::Add(std::unique_ptr<Script> script) {
  MutexLock lock(mutex_);
  std::unique_ptr<Script> dropped;
  if (!script->loaded) {
    if (evals_.size() >= kMostEvalScripts) dropped = DropOldest();
    evals_.push_back(script->sha);
  }
  body_bytes_ += script->body.size();
  by_body_.emplace(script->body, script.get());
  const Sha1 sha = script->sha;
  by_sha_.emplace(sha, std::move(script));
  return dropped;
}

std::unique_ptr<Script> ScriptCache::DropOldest() {
  const auto found = by_sha_.find(evals_.front());
  evals_.pop_front();
  if (found == by_sha_.end() || found->second->loaded) return nullptr;
  std::unique_ptr<Script> dropped = std::move(found->second);
  by_body_.erase(dropped->body);
  by_sha_.erase(found);
  body_bytes_ -= dropped->body.size();
  return dropped;
}

void ScriptCache::Clear() {
  MutexLock lock(mutex_);
  by_body_.clear();
  by_sha_.clear();
  evals_.clear();
  body_bytes_ = 0;
}

std::optional<uint32_t> ScriptCache::Flags(const Sha1& sha) const {
  MutexLock lock(mutex_);
  const auto found = by_sha_.find(sha);
  if (found == by_sha_.end()) return {};
  return found->second->flags;
}

size_t ScriptCache::size() const {
  MutexLock lock(mutex_);
  return by_sha_.size();
}

size_t ScriptCache::memory_bytes() const {
  MutexLock lock(mutex_);
  return body_bytes_ + by_sha_.size() * (sizeof(Script) + sizeof(Sha1) + 2 * sizeof(void*)) +
         by_body_.capacity() * (sizeof(std::string_view) + sizeof(void*)) +
         evals_.size() * sizeof(Sha1);
}

}  // namespace larder
