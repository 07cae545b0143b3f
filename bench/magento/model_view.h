// ModelView: a page view of a larger shop, estimated from published numbers, where pages.h has the
// pages of a small one as measured: 40 reads of a data set with values up to 300 kB, saves, a page
// cache with its cleans, and a session in six views of ten. One thread at a time.
#pragma once

#include <cstdint>

#include "bench/magento/php_process.h"
#include "server/base/random.h"

namespace larder::bench {

class ModelView {
 public:
  // `entries` > 0 in the cache; half as many in the page cache.
  ModelView(int entries, uint64_t seed) : entries_(entries), random_(seed) {}

  // Saves all entries.
  void Fill(PhpProcess& process);

  void Show(PhpProcess& process);

 private:
  void SaveEntry(PhpProcess& process, int n);
  void SavePage(PhpProcess& process, int n);
  int Any(int count) { return static_cast<int>(random_.Below(static_cast<uint64_t>(count))); }
  bool Chance(double of_one) { return random_.Unit() < of_one; }

  const int entries_;
  Random random_;
};

}  // namespace larder::bench
