// Payloads of RESTORE, without their footers, of any bytes: no crash, no read outside, no memory on
// the word of the input; a value that was read is written and read again as the same bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/base/check.h"
#include "server/config/config.h"
#include "server/persistence/dump_payload.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const larder::Config config;
  const larder::ValueLimits limits(config.settings());
  std::string payload(reinterpret_cast<const char*>(data), size);
  payload.append(10, '\0');
  larder::VerifyDumpPayload(payload, false);
  std::string error;
  larder::Entry* entry = larder::EntryFromDump(payload, "k", 1, limits, &error);
  CHECK((entry == nullptr) == !error.empty());
  if (entry == nullptr) return 0;
  const std::string once = larder::MakeDumpPayload(*entry, limits);
  CHECK(larder::VerifyDumpPayload(once, false));
  larder::Entry* again = larder::EntryFromDump(once, "k", 1, limits, &error);
  CHECK(again != nullptr);
  CHECK(larder::MakeDumpPayload(*again, limits).size() == once.size());
  larder::Entry::Free(entry);
  larder::Entry::Free(again);
  return 0;
}
