// Sets as Magento's cache uses them: tags of 36-byte cache ids.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "server/base/hash.h"
#include "server/store/set.h"

namespace larder {
namespace {

constexpr Set::Limits kLimits;

std::string CacheId(int64_t number) {
  char id[37];
  std::snprintf(id, sizeof(id), "b30_%032llx",
                static_cast<unsigned long long>(number) * 0x9e3779b97f4a7c15u);
  return id;
}

std::vector<std::string> CacheIds(int64_t count) {
  std::vector<std::string> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back(CacheId(i));
  return ids;
}

Set Filled(const std::vector<std::string>& ids) {
  Set set;
  for (const std::string& id : ids) set.Add(id, kLimits);
  return set;
}

void BM_SetAdd(benchmark::State& state) {
  const std::vector<std::string> ids = CacheIds(state.range(0));
  size_t bytes = 0;
  for (auto _ : state) {
    const Set set = Filled(ids);
    bytes = set.MemoryBytes();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes_each"] = static_cast<double>(bytes) / static_cast<double>(state.range(0));
}
BENCHMARK(BM_SetAdd)->Arg(10)->Arg(100)->Arg(1000)->Arg(100000);

void BM_SetContains(benchmark::State& state) {
  const std::vector<std::string> ids = CacheIds(state.range(0));
  const Set set = Filled(ids);
  const bool present = state.range(1) != 0;
  const std::vector<std::string> absent = [&] {
    std::vector<std::string> others;
    for (int64_t i = 0; i < state.range(0); ++i) others.push_back(CacheId(-i - 1));
    return others;
  }();
  const std::vector<std::string>& asked = present ? ids : absent;
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(set.Contains(asked[i]));
    i = (i + 7919) % asked.size();
  }
}
BENCHMARK(BM_SetContains)->ArgsProduct({{10, 1000, 100000}, {0, 1}});

void BM_SetRemoveAndAdd(benchmark::State& state) {
  const std::vector<std::string> ids = CacheIds(state.range(0));
  Set set = Filled(ids);
  size_t i = 0;
  for (auto _ : state) {
    set.Remove(ids[i]);
    set.Add(ids[i], kLimits);
    i = (i + 7919) % ids.size();
  }
}
BENCHMARK(BM_SetRemoveAndAdd)->Arg(10)->Arg(1000)->Arg(100000);

void BM_SetForEach(benchmark::State& state) {
  const Set set = Filled(CacheIds(state.range(0)));
  for (auto _ : state) {
    size_t bytes = 0;
    set.ForEach([&bytes](std::string_view member) { bytes += member.size(); });
    benchmark::DoNotOptimize(bytes);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_SetForEach)->Arg(100)->Arg(100000);

// Members of one large set looked up in another: the inner loop of SINTER and SUNION.
void BM_SetLookUpAllOfAnother(benchmark::State& state) {
  const Set a = Filled(CacheIds(state.range(0)));
  const Set b = Filled(CacheIds(state.range(0)));
  for (auto _ : state) {
    size_t common = 0;
    a.ForEach([&](std::string_view member) { common += b.Contains(member, HashBytes(member)); });
    benchmark::DoNotOptimize(common);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_SetLookUpAllOfAnother)->Arg(1000)->Arg(100000);

}  // namespace
}  // namespace larder
