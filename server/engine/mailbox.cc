#include "server/engine/mailbox.h"

#include "server/engine/push.h"

namespace larder {

size_t Letter::MemoryBytes() const {
  const size_t pushed = push == nullptr ? 0 : push->MemoryBytes();
  return sizeof(Letter) + clients.capacity() * sizeof(clients[0]) + out.size() + pushed;
}

Mailbox::~Mailbox() {
  for (Letter* letter = TakeAll(); letter != nullptr;) delete std::exchange(letter, letter->next);
}

void Mailbox::Post(std::unique_ptr<Letter> letter) {
  Letter* posted = letter.release();
  waiting_bytes_.fetch_add(posted->MemoryBytes(), std::memory_order_relaxed);
  posted->next = head_.load(std::memory_order_relaxed);
  while (!head_.compare_exchange_weak(posted->next, posted, std::memory_order_seq_cst,
                                      std::memory_order_relaxed)) {
  }
  // `posted` may be gone already. A loop that is awake looks into its mailbox before it sleeps.
  Wake();
}

Letter* Mailbox::TakeAll() {
  Letter* newest = head_.exchange(nullptr, std::memory_order_acquire);
  Letter* oldest = nullptr;
  while (newest != nullptr) {
    Letter* older = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = older;
  }
  return oldest;
}

void Mailbox::Delivered(const Letter& letter) {
  waiting_bytes_.fetch_sub(letter.MemoryBytes(), std::memory_order_relaxed);
}

std::unique_ptr<Letter> PushLetter(std::shared_ptr<const Push> push,
                                   std::vector<uint64_t> clients) {
  auto letter = std::make_unique<Letter>();
  letter->kind = Letter::Kind::kPush;
  letter->push = std::move(push);
  letter->clients = std::move(clients);
  return letter;
}

void PostPush(Mailbox& home, std::shared_ptr<const Push> push, std::vector<uint64_t> clients) {
  home.Post(PushLetter(std::move(push), std::move(clients)));
}

}  // namespace larder
