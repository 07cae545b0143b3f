// larder-server: [configuration file] [--directive value ...], as redis-server takes them.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "server/base/log.h"
#include "server/base/version.h"
#include "server/process.h"
#include "server/server.h"

namespace {

constexpr char kUsage[] =
    "Usage: larder-server [/path/to/larder.conf] [--directive value ...] [-]\n"
    "       larder-server --version\n"
    "Directives are those of redis.conf. With no port given it listens on 6379.\n"
    "Example: larder-server --port 7000 --maxmemory 2gb\n";

int Fail(const std::string& error) {
  larder::Log(larder::LogLevel::kWarning, error);
  std::fprintf(stderr, "larder-server: %s\n", error.c_str());
  return EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (first == "--version" || first == "-v") {
    std::printf("larder-server %s (speaks Redis %s)\n", larder::kLarderVersion.data(),
                larder::kRedisVersion.data());
    return EXIT_SUCCESS;
  }
  if (first == "--help" || first == "-h") {
    std::fputs(kUsage, stdout);
    return EXIT_SUCCESS;
  }
  std::string error;
  larder::Server server({.arguments = {argv + 1, argv + argc}, .port = std::nullopt});
  if (!server.Load(&error)) return Fail(error);
  larder::Process process(server);
  if (!process.Begin(&error)) return Fail(error);
  if (!server.Listen(&error)) return Fail(error);
  process.Listening();
  if (!server.Start(&error)) return Fail(error);
  if (server.serves()) process.Ready();
  server.Wait();
  process.Stopping();
  server.Stop();
  larder::Log(larder::LogLevel::kWarning, "larder is now ready to exit, bye bye...");
  return EXIT_SUCCESS;
}
