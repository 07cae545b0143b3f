// bench_magento: visitors of a shop, each a thread that shows one page after the other, as fast as
// the server answers. The rate, the latency of every kind of round trip and of every page go to the
// terminal and, with --json, into a file. Ends with status 1 when a reply was wrong.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/magento/model_view.h"
#include "bench/magento/options.h"
#include "bench/magento/pages.h"
#include "bench/magento/php_process.h"
#include "server/base/random.h"

namespace larder::bench {
namespace {

// What all visitors together have done.
struct Totals {
  std::atomic<int> pages = 0;
  int64_t requests = 0;
  int64_t received_bytes = 0;
  int64_t sent_bytes = 0;
  int64_t wrong_replies = 0;
  double seconds = 0;
  Latencies latencies;
};

// The pages in a mix: each as often as its weight says; with --only, the ones asked for.
std::vector<Page> Mix(const std::vector<Page>& pages, const std::string& only) {
  std::vector<Page> mix;
  for (const Page& page : pages) {
    if (page.name.find(only) == std::string::npos) continue;
    mix.insert(mix.end(), static_cast<size_t>(only.empty() ? page.weight : 1), page);
  }
  if (mix.empty()) throw std::runtime_error("no page is called " + only);
  return mix;
}

void Fill(const Options& options, const std::vector<Page>& pages) {
  Connection connection(options.shop.address);
  for (const char* db : {"0", "1", "2"}) {
    const std::vector<std::string_view> select = {"SELECT", db};
    const std::vector<std::string_view> flush = {"FLUSHDB"};
    connection.Add(select);
    connection.Add(flush);
  }
  connection.Round();
  PhpProcess process(options.shop, "fill");
  if (options.mix == "model") {
    ModelView(options.entries, options.seed).Fill(process);
  } else {
    FillShop(process, pages);
  }
}

// One visitor; takes pages until all are shown.
void Visit(const Options& options, const std::vector<Page>& mix, int number, Totals& totals,
           PhpProcess& process) {
  const uint64_t seed = options.seed * 1000 + static_cast<uint64_t>(number);
  Random random(seed);
  ModelView view(options.entries, seed);
  while (totals.pages.fetch_add(1) < options.pages) {
    if (options.mix == "model") {
      view.Show(process);
    } else {
      ShowPage(process, mix[random.Below(mix.size())]);
    }
  }
}

void ShowProgress(const Options& options, const Totals& totals, const std::atomic<int>& running) {
  const auto since = Clock::now();
  while (running > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const double seconds = std::chrono::duration<double>(Clock::now() - since).count();
    const int pages = std::min(totals.pages.load(), options.pages);
    const double rate = pages / seconds;
    std::fprintf(stderr, "\r%d of %d pages, %.0f a second, %.0f s left   ", pages, options.pages,
                 rate, (options.pages - pages) / std::max(rate, 1e-9));
  }
  std::fprintf(stderr, "\r%60s\r", "");
}

void Run(const Options& options, const std::vector<Page>& mix, Totals& totals) {
  std::vector<PhpProcess> processes;
  processes.reserve(static_cast<size_t>(options.parallel));
  std::vector<std::thread> threads;
  std::vector<std::exception_ptr> failures(static_cast<size_t>(options.parallel));
  std::atomic<int> running = options.parallel;
  const auto since = Clock::now();
  for (int i = 0; i < options.parallel; ++i) {
    processes.emplace_back(options.shop, "visitor" + std::to_string(i));
    threads.emplace_back([&, i] {
      const auto n = static_cast<size_t>(i);
      try {
        Visit(options, mix, i, totals, processes[n]);
      } catch (...) {
        failures[n] = std::current_exception();
      }
      --running;
    });
  }
  if (::isatty(STDERR_FILENO)) ShowProgress(options, totals, running);
  for (std::thread& thread : threads) thread.join();
  totals.seconds = std::chrono::duration<double>(Clock::now() - since).count();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  for (const PhpProcess& process : processes) {
    totals.requests += process.requests();
    totals.received_bytes += process.received_bytes();
    totals.sent_bytes += process.sent_bytes();
    totals.wrong_replies += process.wrong_replies();
    totals.latencies.Merge(process.latencies());
  }
}

std::string Json(const Options& options, const Totals& totals) {
  std::ostringstream out;
  out << "{\"pages\": " << options.pages << ", \"parallel\": " << options.parallel
      << ", \"seconds\": " << totals.seconds << ", \"requests\": " << totals.requests
      << ", \"received_bytes\": " << totals.received_bytes
      << ", \"sent_bytes\": " << totals.sent_bytes
      << ", \"wrong_replies\": " << totals.wrong_replies << ", \"latency_us\": {";
  const char* comma = "";
  for (const auto& [kind, h] : totals.latencies.of()) {
    const auto us = [](int64_t ns) { return static_cast<double>(ns) / 1000; };
    out << comma << "\n  \"" << kind << "\": {\"count\": " << h.count()
        << ", \"mean\": " << us(h.sum()) / static_cast<double>(h.count())
        << ", \"p50\": " << us(h.Percentile(50)) << ", \"p99\": " << us(h.Percentile(99))
        << ", \"p999\": " << us(h.Percentile(99.9)) << ", \"max\": " << us(h.max()) << "}";
    comma = ",";
  }
  out << "}}\n";
  return out.str();
}

void Print(const Options& options, const Totals& totals) {
  std::printf(
      "%d pages in %.2f s: %.0f pages, %.0f requests, %.1f MB a second; %ld wrong replies\n",
      options.pages, totals.seconds, options.pages / totals.seconds,
      static_cast<double>(totals.requests) / totals.seconds,
      static_cast<double>(totals.received_bytes) / totals.seconds / 1e6,
      static_cast<long>(totals.wrong_replies));
  std::printf("%-16s %9s %9s %9s %9s %9s %9s\n", "us", "count", "mean", "p50", "p99", "p99.9",
              "max");
  for (const auto& [kind, h] : totals.latencies.of()) {
    const auto us = [](int64_t ns) { return static_cast<double>(ns) / 1000; };
    std::printf("%-16s %9ld %9.1f %9.1f %9.1f %9.1f %9.1f\n", kind.c_str(),
                static_cast<long>(h.count()), us(h.sum()) / static_cast<double>(h.count()),
                us(h.Percentile(50)), us(h.Percentile(99)), us(h.Percentile(99.9)), us(h.max()));
  }
}

int Main(int argc, char** argv) {
  Options options = ParseOptions(argc, argv);
  const std::vector<Page> pages = ReadPages(std::string(LARDER_SHOP) + "/pages.txt");
  const std::vector<Page> mix = Mix(pages, options.only);
  if (options.shop.lua) LoadScripts(options.shop, std::string(LARDER_SHOP) + "/scripts");
  if (options.fill) Fill(options, pages);
  Totals totals;
  Run(options, mix, totals);
  Print(options, totals);
  if (!options.json_path.empty()) {
    std::ofstream file(options.json_path);
    file << Json(options, totals);
    if (!file) throw std::runtime_error("can not write " + options.json_path);
  }
  return totals.wrong_replies == 0 ? 0 : 1;
}

}  // namespace
}  // namespace larder::bench

int main(int argc, char** argv) {
  try {
    return larder::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_magento: %s\n", error.what());
    return 1;
  }
}
