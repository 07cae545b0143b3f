// PhpProcess: what one PHP process of a shop sends: the cache back end and the session handler of
// Magento, one round trip after the other, each timed by its kind. Databases: 0 cache, 1 page
// cache, 2 sessions; each has a connection of its own, opened at its first use in a page. One
// thread at a time. A broken connection is a std::runtime_error.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/magento/connection.h"
#include "bench/magento/latencies.h"

namespace larder::bench {

struct Shop {
  Address address;
  bool persistent = false;  // connections stay open from page to page
  bool lua = false;         // saves and cleans by script
  std::string save_sha;     // of the scripts, as SCRIPT LOAD named them
  std::string clean_sha;
};

enum Database { kCache = 0, kPageCache = 1, kSessions = 2 };

class PhpProcess {
 public:
  // `session` names the visitor. The shop must outlive the process.
  PhpProcess(const Shop& shop, const std::string& session);

  // The end of a page: closes its connections, unless they are persistent.
  void EndPage();

  static constexpr int64_t kAbsent = -1;
  static constexpr int64_t kAny = -2;

  // Reads an entry that must have `size_bytes`, be absent (kAbsent), or may be anything (kAny).
  void Load(Database db, const std::string& id, int64_t size_bytes);

  // Saves an entry of `size_bytes`, at most 1 MB, for ever or for `lifetime_s` > 0 seconds.
  void Save(Database db, const std::string& id, int64_t size_bytes,
            const std::vector<std::string>& tags, int lifetime_s);

  // Removes what carries any of the tags; what carries a tag and the scope.
  void CleanAny(Database db, const std::vector<std::string>& tags);
  void CleanInScope(Database db, const std::string& tag, const std::string& scope);

  void StartSession();
  void WriteSession();

  // Times something larger, a page, under a name of its own.
  void Record(const std::string& kind, Clock::time_point since) { latencies_.Record(kind, since); }

  // Replies that were errors or not what the shop had saved.
  int64_t wrong_replies() const { return wrong_replies_; }
  int64_t requests() const { return requests_; }
  int64_t received_bytes() const { return received_bytes_; }
  int64_t sent_bytes() const { return sent_bytes_; }
  const Latencies& latencies() const { return latencies_; }

 private:
  using Request = std::vector<std::string_view>;

  Connection& Open(Database db);
  const std::vector<Reply>& Pipeline(Database db, const std::string& kind,
                                     const std::vector<Request>& requests);
  const Reply& Ask(Database db, const std::string& kind, const Request& request);
  void Expect(bool right) { wrong_replies_ += right ? 0 : 1; }

  const Shop& shop_;
  const std::string session_key_;
  std::string session_data_;
  std::array<std::unique_ptr<Connection>, 3> connections_;
  Latencies latencies_;
  int64_t wrong_replies_ = 0;
  int64_t requests_ = 0;
  int64_t received_bytes_ = 0;
  int64_t sent_bytes_ = 0;
};

// Loads the scripts of tests/magento/scripts into the server and notes their names in the shop.
void LoadScripts(Shop& shop, const std::string& directory);

}  // namespace larder::bench
