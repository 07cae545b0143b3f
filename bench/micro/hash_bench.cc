// Hashes as Magento makes them: cache entries of four fields, sessions of six.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "server/store/hash.h"

namespace larder {
namespace {

constexpr Hash::Limits kLimits;

// A cache entry as Cm_Cache_Backend_Redis writes it: data, tags, modification time, infinite.
void FillCacheEntry(Hash& hash, std::string_view data) {
  constexpr std::string_view kTags = "b30_CONFIG,b30_MAGE";
  constexpr std::string_view kTime = "1795230431";
  hash.Reserve(4, hash.RecordBytes("d", data) + hash.RecordBytes("t", kTags) +
                      hash.RecordBytes("m", kTime) + hash.RecordBytes("i", "1"));
  hash.Set("d", {data}, kLimits);
  hash.Set("t", {kTags}, kLimits);
  hash.Set("m", {kTime}, kLimits);
  hash.Set("i", {"1"}, kLimits);
}

void BM_HashMakeCacheEntry(benchmark::State& state) {
  const std::string data(static_cast<size_t>(state.range(0)), 'd');
  size_t bytes = 0;
  for (auto _ : state) {
    Hash hash;
    FillCacheEntry(hash, data);
    bytes = hash.MemoryBytes();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(BM_HashMakeCacheEntry)->Arg(40)->Arg(1024)->Arg(20000);

void BM_HashGetOfCacheEntry(benchmark::State& state) {
  Hash hash;
  FillCacheEntry(hash, std::string(1024, 'd'));
  for (auto _ : state) {
    benchmark::DoNotOptimize(hash.Get("d"));
    benchmark::DoNotOptimize(hash.Get("t"));
  }
}
BENCHMARK(BM_HashGetOfCacheEntry);

// Writing a session again: the data, of another size each time, and five small fields.
void BM_HashRewriteSession(benchmark::State& state) {
  Hash hash;
  const std::string data(2000, 's');
  size_t size = 700;
  for (auto _ : state) {
    size = size == 1500 ? 700 : size + 1;
    hash.Set("data", {std::string_view(data).substr(0, size)}, kLimits);
    hash.Set("lock", {"0"}, kLimits);
    hash.Set("writes", {"12"}, kLimits);
  }
}
BENCHMARK(BM_HashRewriteSession);

std::vector<std::string> Fields(int64_t count) {
  std::vector<std::string> fields;
  for (int64_t i = 0; i < count; ++i) fields.push_back("field:" + std::to_string(i * 7919));
  return fields;
}

void BM_HashSetNew(benchmark::State& state) {
  const std::vector<std::string> fields = Fields(state.range(0));
  for (auto _ : state) {
    Hash hash;
    for (const std::string& field : fields) hash.Set(field, {"value of the field"}, kLimits);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_HashSetNew)->Arg(20)->Arg(200)->Arg(100000);

void BM_HashGet(benchmark::State& state) {
  const std::vector<std::string> fields = Fields(state.range(0));
  Hash hash;
  for (const std::string& field : fields) hash.Set(field, {"value of the field"}, kLimits);
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(hash.Get(fields[i]));
    i = (i + 7919) % fields.size();
  }
}
BENCHMARK(BM_HashGet)->Arg(20)->Arg(200)->Arg(100000);

// What a write after a snapshot's cut costs once a segment is shared.
void BM_HashSetAfterClone(benchmark::State& state) {
  const std::vector<std::string> fields = Fields(state.range(0));
  Hash hash;
  for (const std::string& field : fields) hash.Set(field, {"value of the field"}, kLimits);
  size_t i = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const Hash clone = hash.Clone();
    state.ResumeTiming();
    hash.Set(fields[i], {"value of the fielf"}, kLimits);
    i = (i + 7919) % fields.size();
  }
}
BENCHMARK(BM_HashSetAfterClone)->Arg(20)->Arg(1000);

}  // namespace
}  // namespace larder
