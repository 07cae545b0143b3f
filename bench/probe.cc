// bench_probe: one client that asks small questions and notes how long each answer took. The result
// is one line of JSON with exact percentiles in microseconds.
//
//   bench_probe serial|churn|paced --port N | --unix PATH  [--seconds S] [--interval-us N]
//   bench_probe floor [--seconds S]
//
//   serial  one HGET after the other on one connection: what a page does
//   floor   the same against a server that does nothing and never sleeps (empty_server.h): the best
//           that this machine allows
//   churn   connect, SELECT, one HGET, close, again and again
//   paced   one HGET each --interval-us; how late an answer is counts from the time it was due, so
//           that a server that stands still is late for all that should have been asked meanwhile
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/empty_server.h"
#include "bench/magento/connection.h"

namespace larder::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Words = std::vector<std::string_view>;

struct Options {
  std::string mode;
  Address address;
  double seconds = 3;
  int interval_us = 1000;
};

Options Parse(int argc, char** argv) {
  Options options;
  if (argc < 2 || argc % 2 != 0) throw std::runtime_error("see the head of probe.cc");
  options.mode = argv[1];
  for (int i = 2; i < argc; i += 2) {
    const std::string flag = argv[i];
    const char* value = argv[i + 1];
    if (flag == "--port") {
      options.address.port = std::atoi(value);
    } else if (flag == "--unix") {
      options.address.unix_path = value;
    } else if (flag == "--seconds") {
      options.seconds = std::atof(value);
    } else if (flag == "--interval-us") {
      options.interval_us = std::atoi(value);
    } else {
      throw std::runtime_error("unknown flag " + flag);
    }
  }
  return options;
}

void Ask(Connection& connection, const Words& words) {
  connection.Add(words);
  const Reply& reply = connection.Round()[0];
  if (reply.kind == '-') throw std::runtime_error(reply.text);
}

constexpr size_t kDataBytes = 1000;  // an entry of the usual size, for all modes to read

void SaveEntry(const Address& address) {
  Connection connection(address);
  const std::string data(kDataBytes, 'd');
  Ask(connection, {"HMSET", "zc:k:PROBE", "d", data, "t", "MAGE", "m", "1700000000", "i", "1"});
}

const Words kRead = {"HGET", "zc:k:PROBE", "d"};

std::vector<int64_t> Serial(const Address& address, Clock::time_point end) {
  Connection connection(address);
  std::vector<int64_t> took;
  for (auto since = Clock::now(); since < end;) {
    Ask(connection, kRead);
    const auto now = Clock::now();
    took.push_back((now - since).count());
    since = now;
  }
  return took;
}

std::vector<int64_t> Floor(Clock::time_point end) {
  const EmptyServer server("$" + std::to_string(kDataBytes) + "\r\n" +
                           std::string(kDataBytes, 'd') + "\r\n");
  return Serial({.port = server.port()}, end);
}

std::vector<int64_t> Churn(const Options& options, Clock::time_point end) {
  std::vector<int64_t> took;
  for (auto since = Clock::now(); since < end; since = Clock::now()) {
    auto connection = std::make_unique<Connection>(options.address);
    Ask(*connection, {"SELECT", "0"});
    Ask(*connection, kRead);
    connection.reset();
    took.push_back((Clock::now() - since).count());
  }
  return took;
}

std::vector<int64_t> Paced(const Options& options, Clock::time_point end) {
  Connection connection(options.address);
  std::vector<int64_t> took;
  const auto interval = std::chrono::microseconds(options.interval_us);
  for (auto due = Clock::now(); due < end; due += interval) {
    std::this_thread::sleep_until(due);
    // Late by the server's fault counts, late by the clock that woke this thread does not.
    const bool stood_still = Clock::now() - due > interval;
    const auto since = stood_still ? due : Clock::now();
    Ask(connection, kRead);
    took.push_back((Clock::now() - since).count());
  }
  return took;
}

void Print(std::vector<int64_t> took, double seconds) {
  if (took.empty()) throw std::runtime_error("nothing was asked");
  std::sort(took.begin(), took.end());
  const auto at = [&](double part) {
    const auto last = static_cast<double>(took.size() - 1);
    return static_cast<double>(took[static_cast<size_t>(part * last)]) / 1000;
  };
  std::printf(
      "{\"requests\": %zu, \"seconds\": %.3f, \"p50\": %.2f, \"p99\": %.2f, \"p999\": %.2f, "
      "\"max\": %.2f}\n",
      took.size(), seconds, at(0.5), at(0.99), at(0.999), at(1));
}

int Main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  if (options.mode != "floor") SaveEntry(options.address);
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(options.seconds));
  std::vector<int64_t> took;
  if (options.mode == "serial") {
    took = Serial(options.address, end);
  } else if (options.mode == "floor") {
    took = Floor(end);
  } else if (options.mode == "churn") {
    took = Churn(options, end);
  } else if (options.mode == "paced") {
    took = Paced(options, end);
  } else {
    throw std::runtime_error("unknown mode " + options.mode);
  }
  Print(std::move(took), std::chrono::duration<double>(Clock::now() - begin).count());
  return 0;
}

}  // namespace
}  // namespace larder::bench

int main(int argc, char** argv) {
  try {
    return larder::bench::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_probe: %s\n", error.what());
    return 1;
  }
}
