#include "bench/magento/model_view.h"

#include <cmath>
#include <string>
#include <vector>

namespace larder::bench {
namespace {

constexpr int kReads = 40;            // of a view, on the cache
constexpr double kHits = 0.95;        // of them
constexpr double kSaves = 1.5;        // of a view
constexpr double kPageHits = 0.85;    // of the page cache; a miss saves the page
constexpr double kPageCleans = 0.04;  // of a view
constexpr double kCleans = 0.01;      // of a view, of many tags at once
constexpr double kWithSession = 0.6;  // of a view
constexpr int kTags = 400;
constexpr int kTagsOfPage = 20;
constexpr int kTagsOfClean = 60;
constexpr int kLifetimeS = 7200;

std::string Name(const char* prefix, int n) { return prefix + std::to_string(n); }

// Two of a hundred are 300 kB, ten 20 kB, the rest around 2 kB. The same for every run.
int64_t EntrySize(int n) {
  Random random(static_cast<uint64_t>(n) + 1);
  const double part = random.Unit();
  if (part < 0.02) return 300'000;
  if (part < 0.12) return 20'000;
  return static_cast<int64_t>(2000 * std::exp(2 * (random.Unit() + random.Unit() - 1)));
}

int64_t PageSize(int n) { return 8000 + 53 * (static_cast<int64_t>(n) % 1000); }

}  // namespace

void ModelView::Fill(PhpProcess& process) {
  for (int n = 0; n < entries_; ++n) SaveEntry(process, n);
  for (int n = 0; n < entries_ / 2; ++n) SavePage(process, n);
  process.EndPage();
}

void ModelView::Show(PhpProcess& process) {
  const auto since = Clock::now();
  const bool session = Chance(kWithSession);
  if (session) process.StartSession();
  for (int i = 0; i < kReads; ++i) {
    const int n = Any(entries_);
    process.Load(kCache, Chance(kHits) ? Name("ENTRY_", n) : Name("ABSENT_", n), PhpProcess::kAny);
  }
  for (double left = kSaves; left > 0; --left) {
    if (Chance(left)) SaveEntry(process, Any(entries_));
  }
  const int page = Any(entries_ / 2 + 1);
  process.Load(kPageCache, Name("PAGE_", page), PhpProcess::kAny);
  if (!Chance(kPageHits)) SavePage(process, page);
  if (Chance(kPageCleans)) process.CleanInScope(kPageCache, Name("CAT_P_", Any(kTags)), "FPC");
  if (Chance(kCleans)) {
    std::vector<std::string> tags;
    for (int i = 0; i < kTagsOfClean; ++i) tags.push_back(Name("CAT_P_", Any(kTags * 10)));
    process.CleanAny(kCache, tags);
  }
  if (session) process.WriteSession();
  process.EndPage();
  process.Record("page", since);
}

void ModelView::SaveEntry(PhpProcess& process, int n) {
  process.Save(kCache, Name("ENTRY_", n), EntrySize(n),
               {"MAGE", "BLOCK_HTML", Name("CAT_P_", n % (kTags * 10)), Name("CAT_C_", n % 50)},
               kLifetimeS);
}

void ModelView::SavePage(PhpProcess& process, int n) {
  std::vector<std::string> tags = {"FPC", "MAGE"};
  while (tags.size() < kTagsOfPage) tags.push_back(Name("CAT_P_", Any(kTags)));
  process.Save(kPageCache, Name("PAGE_", n), PageSize(n), tags, kLifetimeS);
}

}  // namespace larder::bench
