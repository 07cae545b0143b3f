#include "replication/replica_link.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace larder {
namespace {

constexpr size_t kMostPieces = 64;          // of one send
constexpr size_t kTakenBytes = 256 * 1024;  // from the log at once

}  // namespace

ReplicaLink::ReplicaLink(HandedOver handed, const std::atomic<uint64_t>& all_drops,
                         Tally& sent_bytes, Mailbox* home)
    : client(handed.id, home),
      socket(std::move(handed.socket)),
      facts(handed.replica == nullptr ? ReplicaFacts() : *handed.replica),
      input(std::move(handed.unread)),
      all_drops_(all_drops),
      sent_bytes_(sent_bytes),
      drops_(all_drops.load()) {
  client.link = Client::Link::kReplica;
  client.address = std::move(handed.address);
  client.local_address = std::move(handed.local_address);
  client.unix_socket = handed.unix_socket;
  client.fd = socket.fd();
  client.connected_ms = handed.connected_ms;
  MutexLock lock(client.label_mutex);
  client.name = std::move(handed.name);
  client.user = std::move(handed.user);
}

std::string ReplicaLink::ip() const {
  if (!facts.announced_ip.empty()) return facts.announced_ip;
  std::string text = client.address.substr(0, client.address.rfind(':'));
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  return text;
}

size_t ReplicaLink::waiting_bytes() const {
  size_t bytes = head.size() + (reader == nullptr ? 0 : reader->lag()) - sent_;
  for (const ReplicationLog::Piece& piece : pieces_) bytes += piece.bytes.size();
  return bytes;
}

bool ReplicaLink::Flush() {
  for (;;) {
    if (head.empty() && pieces_.empty()) {
      if (state != State::kOnline || reader == nullptr) return true;
      if (!reader->Read(kTakenBytes, pieces_)) return false;
      if (pieces_.empty()) return true;
    }
    // Whoever goes on with another history says so before he writes it: what was just taken from
    // the log may be of that, which the replica has not agreed to.
    if (outdated()) return true;
    iovec parts[kMostPieces];
    size_t count = 0;
    if (!head.empty()) parts[count++] = {head.data(), head.size()};
    for (size_t i = 0; i < pieces_.size() && count < kMostPieces; ++i) {
      parts[count++] = {const_cast<char*>(pieces_[i].bytes.data()), pieces_[i].bytes.size()};
    }
    parts[0].iov_base = static_cast<char*>(parts[0].iov_base) + sent_;
    parts[0].iov_len -= sent_;
    msghdr message = {};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket.fd(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      blocked = errno == EAGAIN || errno == EWOULDBLOCK;
      return blocked;
    }
    sent_bytes_.Add(static_cast<uint64_t>(sent));
    Drop(static_cast<size_t>(sent));
  }
}

// Forgets bytes that were sent.
void ReplicaLink::Drop(size_t bytes) {
  sent_ += bytes;
  if (!head.empty()) {
    if (sent_ < head.size()) return;
    sent_ -= head.size();
    head.clear();
  }
  size_t done = 0;
  while (done < pieces_.size() && sent_ >= pieces_[done].bytes.size()) {
    sent_ -= pieces_[done++].bytes.size();
  }
  pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(done));
}

}  // namespace larder
