#include "bench/magento/pages.h"

#include <array>
#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "server/base/random.h"

namespace larder::bench {
namespace {

// Configuration, layout, table descriptions, attributes: what makes the bytes of every page.
constexpr std::array<int64_t, kLargeEntries> kLargeBytes = {46000, 30000, 19000, 19000, 14000,
                                                            10000, 8000,  6000,  5000,  4000};

int64_t Between(Random& random, double least, double most) {
  return static_cast<int64_t>(least * std::pow(most / least, random.Unit()));
}

constexpr int kLifetimeS = 7200;
constexpr int kEntriesOfEach = 80;  // more than any page reads of its own

std::string Id(const std::string& entries, int n) { return entries + '_' + std::to_string(n); }

std::vector<std::string> Tags(const Page& page, int n) {
  std::vector<std::string> tags = {"MAGE"};
  for (int i = 0; n < page.long_tagged && i < 10; ++i) tags.push_back(Id(page.entries + "_TAG", i));
  return tags;
}

}  // namespace

std::vector<Page> ReadPages(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("can not read " + path);
  std::vector<Page> pages;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    Page page;
    if (!(words >> page.name >> page.entries >> page.hget >> page.saves >> page.finite >>
          page.long_tagged >> page.cleans >> page.weight)) {
      throw std::runtime_error("not a page: " + line);
    }
    pages.push_back(page);
  }
  return pages;
}

int64_t EntryBytes(const std::string& entries, int n) {
  if (entries == "home" && n < kLargeEntries) return kLargeBytes[static_cast<size_t>(n)];
  uint64_t seed = static_cast<uint64_t>(n) + 1;
  for (char letter : entries) seed = seed * 131 + static_cast<unsigned char>(letter);
  Random random(seed);
  const uint64_t percent = random.Below(100);
  if (percent < 50) return Between(random, 3, 40);
  if (percent < 90) return Between(random, 41, 1500);
  if (percent < 99) return Between(random, 1501, 19000);
  return Between(random, 19001, 46000);
}

void FillShop(PhpProcess& process, const std::vector<Page>& pages) {
  for (const Page& page : pages) {
    for (int n = 0; n < kEntriesOfEach; ++n) {
      process.Save(kCache, Id(page.entries, n), EntryBytes(page.entries, n), Tags(page, n), 0);
    }
  }
  process.EndPage();
}

void ShowPage(PhpProcess& process, const Page& page) {
  const auto since = Clock::now();
  process.StartSession();
  for (int n = 0; n < page.saves; ++n) {
    const std::string id = Id(page.entries, n);
    process.Load(kCache, id + "_ABSENT",
                 PhpProcess::kAbsent);  // so that a page is as cold when it comes again
    process.Save(kCache, id, EntryBytes(page.entries, n), Tags(page, n),
                 n < page.finite ? kLifetimeS : 0);
  }
  for (int n = 0; n < page.hget - 2 * page.saves; ++n) {
    const std::string entries = n < kLargeEntries ? "home" : page.entries;
    const int entry = n < kLargeEntries ? n : n - kLargeEntries;
    process.Load(kCache, Id(entries, entry), EntryBytes(entries, entry));
  }
  for (int n = 0; n < page.cleans; ++n) {
    process.CleanAny(kCache, {Id("NONE", n), Id("NOTHING", n)});
  }
  process.WriteSession();
  process.EndPage();
  process.Record(page.name, since);
  process.Record("page", since);
}

}  // namespace larder::bench
