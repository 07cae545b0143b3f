// A library to be loaded before libc's (LD_PRELOAD): a machine that takes a thread's core away at
// the worst moments, and whose system calls are interrupted or do less than they were asked for.
//
// One lock, wait, send, receive, write or sync of SLOW_ONE_IN (200) takes up to 6 ms longer, one of
// 25 times as many up to 200 ms; every eighth transfer is short, and one of 64 is interrupted. What
// is received from a socket is never short: epoll(7) promises that only an empty one does that.
// SLOW_SEED chooses which: each thread has a sequence of its own, by the order in which threads
// first come here. io_uring is not seen: use `io-uring no`.
#include <dlfcn.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

namespace {

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

uint64_t Number(const char* name, uint64_t otherwise) {
  const char* text = getenv(name);
  return text == nullptr ? otherwise : strtoull(text, nullptr, 10);
}

// Below `limit`, from the sequence of this thread (xorshift64*).
uint64_t Random(uint64_t limit) {
  static std::atomic<uint64_t> threads{0};
  thread_local uint64_t state =
      (Number("SLOW_SEED", 1) + ++threads * 1000003) * 0x9E3779B97F4A7C15ull | 1;
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545F4914F6CDD1Dull % limit;
}

// Takes a while, now and then; errno stays.
void Dawdle() {
  static const uint64_t one_in = std::max<uint64_t>(Number("SLOW_ONE_IN", 200), 1);
  const int error = errno;
  if (Random(one_in) == 0) usleep(static_cast<useconds_t>(Random(6'000)));
  if (Random(one_in * 25) == 0) usleep(static_cast<useconds_t>(Random(200'000)));
  errno = error;
}

// An eventfd's eight bytes are read and written at once, on any machine.
constexpr size_t kAtOnce = 8;

bool Interrupted(size_t size = SIZE_MAX) {
  Dawdle();
  if (size <= kAtOnce || Random(64) != 0) return false;
  errno = EINTR;
  return true;
}

// How much of a transfer is done.
size_t Part(size_t size) { return size > kAtOnce && Random(8) == 0 ? 1 + Random(size) : size; }

// The beginning of the pieces, in one piece.
iovec FirstPart(const iovec* pieces) { return {pieces[0].iov_base, Part(pieces[0].iov_len)}; }

bool Shortens(size_t pieces) { return pieces > 0 && Random(8) == 0; }

}  // namespace

extern "C" {

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static const auto real = Real<int(pthread_mutex_t*)>("pthread_mutex_lock");
  Dawdle();
  const int result = real(mutex);
  Dawdle();
  return result;
}

int epoll_wait(int fd, epoll_event* events, int most, int timeout_ms) {
  static const auto real = Real<int(int, epoll_event*, int, int)>("epoll_wait");
  if (Interrupted()) return -1;
  const int count = real(fd, events, most, timeout_ms);
  Dawdle();
  return count;
}

ssize_t read(int fd, void* to, size_t most) {
  static const auto real = Real<ssize_t(int, void*, size_t)>("read");
  return Interrupted(most) ? -1 : real(fd, to, Part(most));
}

ssize_t recv(int fd, void* to, size_t most, int flags) {
  static const auto real = Real<ssize_t(int, void*, size_t, int)>("recv");
  return Interrupted(most) ? -1 : real(fd, to, most, flags);
}

ssize_t write(int fd, const void* from, size_t size) {
  static const auto real = Real<ssize_t(int, const void*, size_t)>("write");
  return Interrupted(size) ? -1 : real(fd, from, Part(size));
}

ssize_t send(int fd, const void* from, size_t size, int flags) {
  static const auto real = Real<ssize_t(int, const void*, size_t, int)>("send");
  return Interrupted(size) ? -1 : real(fd, from, Part(size), flags);
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  static const auto real = Real<ssize_t(int, const iovec*, int)>("writev");
  if (Interrupted()) return -1;
  if (!Shortens(static_cast<size_t>(count))) return real(fd, pieces, count);
  const iovec part = FirstPart(pieces);
  return real(fd, &part, 1);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto real = Real<ssize_t(int, const msghdr*, int)>("sendmsg");
  if (Interrupted()) return -1;
  if (!Shortens(message->msg_iovlen)) return real(fd, message, flags);
  iovec part = FirstPart(message->msg_iov);
  msghdr shorter = *message;
  shorter.msg_iov = &part;
  shorter.msg_iovlen = 1;
  return real(fd, &shorter, flags);
}

int fsync(int fd) {
  static const auto real = Real<int(int)>("fsync");
  Dawdle();
  return real(fd);
}

int fdatasync(int fd) {
  static const auto real = Real<int(int)>("fdatasync");
  Dawdle();
  return real(fd);
}

}  // extern "C"
