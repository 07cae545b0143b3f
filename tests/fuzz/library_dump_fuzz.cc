// Bytes as the payload of FUNCTION RESTORE, with a footer that nobody vouches for: whatever they
// are, the libraries are those of before, or those that the payload holds.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/base/check.h"
#include "server/script/functions.h"
#include "server/script/library_dump.h"
#include "server/script/script_runner.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace larder;
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> sources;
  if (!ReadLibraryDump(payload, &sources).empty()) return 0;
  static ScriptRunner runner;
  static Functions functions(runner);
  // Sources that were loaded once may take their time; the fuzzer's may not.
  for (const std::string& source : sources) {
    if (source.find("while") != source.npos || source.find("for") != source.npos ||
        source.find("repeat") != source.npos || source.find("goto") != source.npos) {
      return 0;
    }
  }
  const size_t before = functions.library_count();
  const std::string error = functions.Restore(sources, LibraryMerge::kAppend);
  CHECK(functions.library_count() == before + (error.empty() ? sources.size() : 0));
  if (error.empty()) {
    std::vector<std::string> again;
    CHECK(ReadLibraryDump(MakeLibraryDump(sources), &again).empty());
    CHECK(again == sources);
  }
  // What was refused has left garbage too, which libFuzzer would take for a leak and look for
  // through the whole heap.
  functions.Flush();
  return 0;
}
