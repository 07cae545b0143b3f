// Whatever a client SETs, the HyperLogLog commands read it: no bytes may make them read or write
// outside, and what decodes must go on decoding after elements were added.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/check.h"
#include "server/store/hyperloglog.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace hll = larder::hyperloglog;
  // The header is given, so that the fuzzer need not find it.
  std::string bytes = hll::New().substr(0, hll::kHeaderBytes);
  bytes.append(reinterpret_cast<const char*>(data), size);
  if (!hll::IsValid(bytes)) return 0;
  const bool whole = hll::Decode(bytes).has_value();
  hll::DescribeRuns(bytes);
  for (const std::string_view element : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
    hll::Add(&bytes, element, 40);
  }
  CHECK(hll::Decode(bytes).has_value() == whole);
  return 0;
}
