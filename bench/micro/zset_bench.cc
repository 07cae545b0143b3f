// Sorted sets: the commands' inner work by size of the set. The results decide
// CountedTree::kLeafBytes.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "server/base/random.h"
#include "server/store/zset.h"

namespace larder {
namespace {

std::vector<std::string> Members(size_t count) {
  std::vector<std::string> members;
  for (size_t i = 0; i < count; ++i) members.push_back("member:" + std::to_string(i));
  return members;
}

ZSet Filled(const std::vector<std::string>& members, Random& random) {
  ZSet zset;
  for (const std::string& member : members) zset.Set(member, random.Unit());
  return zset;
}

void BM_ZSetAdd(benchmark::State& state) {
  const auto members = Members(static_cast<size_t>(state.range(0)));
  Random random(1);
  for (auto _ : state) benchmark::DoNotOptimize(Filled(members, random));
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["bytes_per_member"] = static_cast<double>(Filled(members, random).MemoryBytes()) /
                                       static_cast<double>(members.size());
}
BENCHMARK(BM_ZSetAdd)->Arg(10)->Arg(100)->Arg(10'000)->Arg(1'000'000);

// Each benchmark below does one operation on a random member of a set that stays as large as it is.
template <typename Operation>
void OnRandomMember(benchmark::State& state, Operation operation) {
  const auto members = Members(static_cast<size_t>(state.range(0)));
  Random random(2);
  ZSet zset = Filled(members, random);
  for (auto _ : state) operation(zset, members[random.Below(members.size())], random);
}

void BM_ZSetScore(benchmark::State& state) {
  OnRandomMember(state, [](ZSet& zset, const std::string& member, Random&) {
    benchmark::DoNotOptimize(zset.Score(member));
  });
}
BENCHMARK(BM_ZSetScore)->Arg(10)->Arg(60)->Arg(10'000)->Arg(1'000'000);

void BM_ZSetRank(benchmark::State& state) {
  OnRandomMember(state, [](ZSet& zset, const std::string& member, Random&) {
    benchmark::DoNotOptimize(zset.Rank(member));
  });
}
BENCHMARK(BM_ZSetRank)->Arg(10)->Arg(60)->Arg(10'000)->Arg(1'000'000);

void BM_ZSetChangeScore(benchmark::State& state) {
  OnRandomMember(state, [](ZSet& zset, const std::string& member, Random& random) {
    zset.Set(member, random.Unit());
  });
}
BENCHMARK(BM_ZSetChangeScore)->Arg(10)->Arg(60)->Arg(10'000)->Arg(1'000'000);

void BM_ZSetTenByScore(benchmark::State& state) {
  OnRandomMember(state, [](ZSet& zset, const std::string&, Random& random) {
    auto cursor = zset.CursorAt(zset.CountBelow(Bound::Score(random.Unit(), false)));
    for (int i = 0; i < 10 && cursor.valid(); ++i, cursor.Next()) {
      benchmark::DoNotOptimize(cursor.member());
    }
  });
}
BENCHMARK(BM_ZSetTenByScore)->Arg(60)->Arg(10'000)->Arg(1'000'000);

}  // namespace
}  // namespace larder
