#include "server/engine/notify.h"

#include "server/base/strings.h"
#include "server/engine/engine.h"
#include "server/engine/messages.h"
#include "server/engine/tracking.h"

namespace larder {
namespace {

bool AnybodyListens(Engine& engine) {
  return engine.pubsub[TopicKind::kChannel].size() + engine.pubsub[TopicKind::kPattern].size() > 0;
}

}  // namespace

void NotifyEvent(Engine& engine, NotifyClass notify, std::string_view event, int db,
                 std::string_view key) {
  const auto wanted = static_cast<uint32_t>(int64_t{engine.config.settings().notify_events});
  if ((wanted & static_cast<uint32_t>(notify)) == 0 || event.empty()) return;
  if (!AnybodyListens(engine)) return;
  if (wanted & static_cast<uint32_t>(NotifyClass::kKeyspace)) {
    Publish(engine, StrCat("__keyspace@", db, "__:", key), event);
  }
  if (wanted & static_cast<uint32_t>(NotifyClass::kKeyEvent)) {
    Publish(engine, StrCat("__keyevent@", db, "__:", event), key);
  }
}

void NotifyRemoval(Engine& engine, Worker& worker, int db, std::string_view key, NotifyClass notify,
                   std::string_view event) {
  if (engine.interest.load(std::memory_order_relaxed) == 0) [[likely]]
    return;
  InvalidateKey(engine, worker, key, kNobody);
  NotifyEvent(engine, notify, event, db, key);
}

}  // namespace larder
