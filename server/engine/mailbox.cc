#include "server/engine/mailbox.h"

#include "server/engine/push.h"

namespace larder {
namespace {

std::unique_ptr<Letter> NewLetter(Letter::Kind kind, uint64_t client_id = 0) {
  auto letter = std::make_unique<Letter>();
  letter->kind = kind;
  letter->client_id = client_id;
  return letter;
}

}  // namespace

std::unique_ptr<Letter> PushLetter(std::shared_ptr<const Push> push,
                                   std::vector<uint64_t> clients) {
  std::unique_ptr<Letter> letter = NewLetter(Letter::Kind::kPush);
  letter->push = std::move(push);
  letter->clients = std::move(clients);
  return letter;
}

std::unique_ptr<Letter> ReplyLetter(uint64_t client_id, OutputBuffer out) {
  std::unique_ptr<Letter> letter = NewLetter(Letter::Kind::kReply, client_id);
  letter->out = std::move(out);
  return letter;
}

std::unique_ptr<Letter> FinishedLetter(uint64_t client_id) {
  return NewLetter(Letter::Kind::kFinished, client_id);
}

std::unique_ptr<Letter> GateOpenLetter() { return NewLetter(Letter::Kind::kGateOpen); }

std::unique_ptr<Letter> PauseEndLetter() { return NewLetter(Letter::Kind::kPauseEnd); }

std::unique_ptr<Letter> CloseLetter(uint64_t client_id) {
  return NewLetter(Letter::Kind::kClose, client_id);
}

std::unique_ptr<Letter> StopLetter() { return NewLetter(Letter::Kind::kStop); }

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

void PostPush(Mailbox& home, std::shared_ptr<const Push> push, std::vector<uint64_t> clients) {
  home.Post(PushLetter(std::move(push), std::move(clients)));
}

}  // namespace larder
