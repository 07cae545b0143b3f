#include "server/base/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>
#include <iterator>

namespace larder {
namespace {

const sockaddr_in& AsV4(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr_in&>(address);
}
const sockaddr_in6& AsV6(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr_in6&>(address);
}

// For every connection: inet_ntop would spell it through sprintf, in ten times the time.
std::string V4Text(const uint8_t* bytes, uint16_t port) {
  char text[INET_ADDRSTRLEN + sizeof(":65535")];
  char* end = text;
  for (int i = 0; i < 4; ++i) {
    end = std::to_chars(end, std::end(text), bytes[i]).ptr;
    *end++ = i < 3 ? '.' : ':';
  }
  end = std::to_chars(end, std::end(text), ntohs(port)).ptr;
  return std::string(text, end);
}

}  // namespace

std::string AddressText(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const sockaddr_in& v4 = AsV4(address);
    return V4Text(reinterpret_cast<const uint8_t*>(&v4.sin_addr), v4.sin_port);
  }
  if (address.ss_family != AF_INET6) return "";
  const sockaddr_in6& v6 = AsV6(address);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    return V4Text(v6.sin6_addr.s6_addr + 12, v6.sin6_port);
  }
  char text[INET6_ADDRSTRLEN];
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
}

bool IsLoopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    return (ntohl(AsV4(address).sin_addr.s_addr) >> 24) == 127;
  }
  if (address.ss_family != AF_INET6) return false;
  const in6_addr& v6 = AsV6(address).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return v6.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace larder
