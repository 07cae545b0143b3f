// What it costs to write the usual replies.
#include <benchmark/benchmark.h>

#include <string>

#include "protocol/reply.h"

namespace larder {
namespace {

template <typename Write>
void WriteMany(benchmark::State& state, Write write) {
  constexpr int kReplies = 64;
  OutputBuffer out;
  Reply reply(out, 2);
  for (auto _ : state) {
    for (int i = 0; i < kReplies; ++i) write(reply);
    benchmark::DoNotOptimize(out.bytes().data());
    out.Clear();
  }
  state.SetItemsProcessed(state.iterations() * kReplies);
}

void BM_Ok(benchmark::State& state) {
  WriteMany(state, [](Reply& r) { r.Ok(); });
}
BENCHMARK(BM_Ok);

void BM_Integer(benchmark::State& state) {
  WriteMany(state, [](Reply& r) { r.Integer(123456); });
}
BENCHMARK(BM_Integer);

void BM_Bulk(benchmark::State& state) {
  const std::string value(static_cast<size_t>(state.range(0)), 'v');
  WriteMany(state, [&](Reply& r) { r.Bulk(value); });
}
BENCHMARK(BM_Bulk)->Arg(3)->Arg(100)->Arg(1024)->Arg(8192);

void BM_BlobBulk(benchmark::State& state) {
  BlobRef blob = BlobRef::Adopt(Blob::New(std::string(32 * 1024, 'b')));
  WriteMany(state, [&](Reply& r) { r.Bulk(BulkView{blob->view(), blob.get()}); });
}
BENCHMARK(BM_BlobBulk);

void BM_Double(benchmark::State& state) {
  WriteMany(state, [](Reply& r) { r.Double(3.14159); });
}
BENCHMARK(BM_Double);

}  // namespace
}  // namespace larder
