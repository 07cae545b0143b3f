// The measured pages of a shop, one row of tests/magento/pages.txt each, and how a process shows
// one. Pages are immutable after reading.
#pragma once

#include <string>
#include <vector>

#include "bench/magento/php_process.h"

namespace larder::bench {

struct Page {
  std::string name;
  std::string entries;  // first word of the ids that it saves and reads
  int hget = 0;         // HGETs in all
  int saves = 0;        // entries that it misses and saves
  int finite = 0;       // of them with a lifetime
  int long_tagged = 0;  // of them with 11 tags
  int cleans = 0;       // of tags that nobody carries
  int weight = 0;       // how often it comes in a mix of visitors
};

// Throws std::runtime_error with the line that is wrong.
std::vector<Page> ReadPages(const std::string& path);

// The large entries of "home" that every page reads.
inline constexpr int kLargeEntries = 10;

// Bytes of the n-th entry of a page's entries: for the large ones 4 to 46 kB; of the others half at
// most 40 bytes, nine of ten at most 1.5 kB. The same for every run.
int64_t EntryBytes(const std::string& entries, int n);

// Saves every entry that the pages may read.
void FillShop(PhpProcess& process, const std::vector<Page>& pages);

// Shows the page: reads, misses, saves and cleans on the cache, then the session. The page is timed
// under its name, and together with all others as "page".
void ShowPage(PhpProcess& process, const Page& page);

}  // namespace larder::bench
