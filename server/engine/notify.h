// The classes of keyspace events (notify-keyspace-events in redis.conf); the letters are Redis'.
#pragma once

#include <cstdint>

namespace larder {

enum class NotifyClass : uint32_t {
  kNone = 0,           // a change without an event (PFCOUNT keeps its estimate)
  kGeneric = 1u << 2,  // g
  kString = 1u << 3,   // $
  kList = 1u << 4,     // l
  kSet = 1u << 5,      // s
  kHash = 1u << 6,     // h
  kZSet = 1u << 7,     // z
  kExpired = 1u << 8,  // x
  kEvicted = 1u << 9,  // e
  kStream = 1u << 10,  // t
  kNewKey = 1u << 14,  // n
};

}  // namespace larder
