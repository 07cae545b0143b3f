// What it costs to find the requests in a full input buffer: small commands of a pipeline, a
// Magento save, and a large value that comes in pieces.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>
#include <vector>

#include "protocol/request_parser.h"

namespace larder {
namespace {

void ParseAll(benchmark::State& state, const std::string& input) {
  RequestParser parser;
  std::vector<std::string_view> args;
  const RequestParser::Limits limits;
  size_t requests = 0;
  for (auto _ : state) {
    std::string_view rest = input;
    size_t consumed = 0;
    while (parser.Next(rest, limits, args, &consumed) == RequestParser::Result::kRequest) {
      benchmark::DoNotOptimize(args.data());
      rest.remove_prefix(consumed);
      ++requests;
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(requests));
}

void BM_PipelineOfGets(benchmark::State& state) {
  std::string input;
  for (int i = 0; i < 64; ++i) input += "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000001234\r\n";
  ParseAll(state, input);
}
BENCHMARK(BM_PipelineOfGets);

void BM_CacheSave(benchmark::State& state) {
  const std::string data(1024, 'd');
  std::string input = "*10\r\n$5\r\nHMSET\r\n$41\r\nzc:k:" + std::string(36, 'a') + "\r\n";
  input += "$1\r\nd\r\n$1024\r\n" + data + "\r\n$1\r\nt\r\n$5\r\ntag_a\r\n";
  input += "$1\r\nm\r\n$10\r\n1700000000\r\n$1\r\ni\r\n$1\r\n1\r\n";
  ParseAll(state, input);
}
BENCHMARK(BM_CacheSave);

void BM_LargeValueInPieces(benchmark::State& state) {
  const size_t size = 1 << 20, piece = 16 * 1024;
  const std::string input =
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048576\r\n" + std::string(size, 'v') + "\r\n";
  RequestParser parser;
  std::vector<std::string_view> args;
  size_t consumed = 0;
  for (auto _ : state) {
    for (size_t have = piece; have < input.size(); have += piece) {
      benchmark::DoNotOptimize(parser.Next({input.data(), have}, {}, args, &consumed));
    }
    benchmark::DoNotOptimize(parser.Next(input, {}, args, &consumed));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_LargeValueInPieces);

}  // namespace
}  // namespace larder
