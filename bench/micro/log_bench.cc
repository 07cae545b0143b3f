// What the replication log costs a write: nothing without a reader, encoding and one copy with one.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "replication/log/replication_log.h"

namespace larder {
namespace {

constexpr std::string_view kKey = "zc:k:9d4_SYSTEM_CONFIG";

void BM_NobodyReads(benchmark::State& state) {
  ReplicationLog log;
  for (auto _ : state) benchmark::DoNotOptimize(log.collects());
}
BENCHMARK(BM_NobodyReads);

void BM_Encode(benchmark::State& state) {
  const std::string value(static_cast<size_t>(state.range(0)), 'v');
  const std::string_view words[] = {"SET", kKey, value};
  LogBlock block;
  for (auto _ : state) {
    block.Add(0, words);
    benchmark::DoNotOptimize(block.bytes().data());
    block.Clear();
  }
}
BENCHMARK(BM_Encode)->Arg(3)->Arg(1024)->Arg(16384);

// With several threads: how long they wait for each other.
void BM_Append(benchmark::State& state) {
  static ReplicationLog log;
  if (state.thread_index() == 0) log.SetWindow(1 << 20);
  const std::string value(static_cast<size_t>(state.range(0)), 'v');
  const std::string_view words[] = {"SET", kKey, value};
  LogBlock block;
  for (auto _ : state) {
    block.Add(0, words);
    log.AppendBlock(block, true);
    block.Clear();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(value.size()));
}
BENCHMARK(BM_Append)->Arg(3)->Arg(1024)->Arg(16384)->Threads(1)->Threads(2);

void BM_AppendAndRead(benchmark::State& state) {
  ReplicationLog log;
  const auto reader = log.ReadFromEnd();
  const std::string value(100, 'v');
  const std::string_view words[] = {"SET", kKey, value};
  LogBlock block;
  std::vector<ReplicationLog::Piece> pieces;
  int since = 0;
  for (auto _ : state) {
    block.Add(0, words);
    log.AppendBlock(block, true);
    block.Clear();
    if (++since < 64) continue;  // a reader takes what a batch has written
    since = 0;
    reader->Read(1 << 20, pieces);
    pieces.clear();
  }
}
BENCHMARK(BM_AppendAndRead);

}  // namespace
}  // namespace larder
