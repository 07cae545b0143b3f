#include "bench/magento/options.h"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>

namespace larder::bench {
namespace {

constexpr const char* kUsage =
    "bench_magento: plays the pages of a Magento shop against a server\n"
    "  --host ADDRESS --port N | --unix PATH   the server (127.0.0.1:6379)\n"
    "  --mix measured|model    pages as measured in a small shop | a view of a large one, "
    "estimated\n"
    "  --only TEXT             measured pages whose name contains this, each as often as the "
    "others\n"
    "  --pages N               how many in all (2000)\n"
    "  --parallel N            visitors at once (1)\n"
    "  --connections new|persistent   two for each page (new), or kept\n"
    "  --saves plain|lua       as commands (plain) or as scripts; cleans alike\n"
    "  --entries N             data set of the model (5000)\n"
    "  --fill yes|no           empty databases 0 to 2 and save all entries first (yes)\n"
    "  --seed N                another order of pages (1)\n"
    "  --json FILE             the result\n";

[[noreturn]] void Refuse(const std::string& what) {
  std::fprintf(stderr, "%s\n%s", what.c_str(), kUsage);
  std::exit(2);
}

int Count(const std::string& value) {
  const int count = std::atoi(value.c_str());
  if (count < 1) Refuse("not a count: " + value);
  return count;
}

bool Choice(const std::string& value, const char* no, const char* yes) {
  if (value != no && value != yes) Refuse(value + " is neither " + no + " nor " + yes);
  return value == yes;
}

}  // namespace

Options ParseOptions(int argc, char** argv) {
  Options o;
  using Set = std::function<void(const std::string&)>;
  const std::map<std::string, Set> flags = {
      {"--host", [&](const std::string& v) { o.shop.address.host = v; }},
      {"--port", [&](const std::string& v) { o.shop.address.port = Count(v); }},
      {"--unix", [&](const std::string& v) { o.shop.address.unix_path = v; }},
      {"--mix",
       [&](const std::string& v) { o.mix = Choice(v, "measured", "model") ? "model" : v; }},
      {"--only", [&](const std::string& v) { o.only = v; }},
      {"--pages", [&](const std::string& v) { o.pages = Count(v); }},
      {"--parallel", [&](const std::string& v) { o.parallel = Count(v); }},
      {"--connections",
       [&](const std::string& v) { o.shop.persistent = Choice(v, "new", "persistent"); }},
      {"--saves", [&](const std::string& v) { o.shop.lua = Choice(v, "plain", "lua"); }},
      {"--entries", [&](const std::string& v) { o.entries = Count(v); }},
      {"--fill", [&](const std::string& v) { o.fill = Choice(v, "no", "yes"); }},
      {"--seed", [&](const std::string& v) { o.seed = static_cast<uint64_t>(Count(v)); }},
      {"--json", [&](const std::string& v) { o.json_path = v; }},
  };
  for (int i = 1; i < argc; i += 2) {
    const auto flag = flags.find(argv[i]);
    if (flag == flags.end()) Refuse(std::string("unknown flag ") + argv[i]);
    if (i + 1 == argc) Refuse(std::string("no value for ") + argv[i]);
    flag->second(argv[i + 1]);
  }
  return o;
}

}  // namespace larder::bench
