#include "bench/magento/php_process.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace larder::bench {
namespace {

constexpr size_t kMostBytes = 1 << 20;  // of one entry
constexpr std::string_view kTime = "1700000000";
constexpr std::string_view kHolder = "web1|4711";

// Text that looks like serialised PHP; an entry's data is the end of it, in its size.
const std::string& Data() {
  static const std::string data = [] {
    std::string text;
    text.reserve(kMostBytes);
    for (int i = 0; text.size() < kMostBytes; ++i) {
      text += "s:8:\"field_" + std::to_string(i % 100) + "\";d:" + std::to_string(i * 31) + ";";
    }
    text.resize(kMostBytes);
    return text;
  }();
  return data;
}

std::vector<std::string> Prefixed(std::string_view prefix, const std::vector<std::string>& names) {
  std::vector<std::string> all;
  for (const std::string& name : names) all.push_back(std::string(prefix) + name);
  return all;
}

std::string Joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ",") + name;
  return all;
}

std::vector<std::string_view> Concat(std::vector<std::string_view> words,
                                     const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("can not read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

PhpProcess::PhpProcess(const Shop& shop, const std::string& session)
    : shop_(shop), session_key_("sess_" + session) {}

void PhpProcess::EndPage() {
  for (std::unique_ptr<Connection>& connection : connections_) {
    if (!connection) continue;
    received_bytes_ += connection->TakeReceivedBytes();
    sent_bytes_ += connection->TakeSentBytes();
    if (!shop_.persistent) connection.reset();
  }
}

Connection& PhpProcess::Open(Database db) {
  std::unique_ptr<Connection>& connection = connections_[db];
  if (!connection) {
    const auto since = Clock::now();
    connection = std::make_unique<Connection>(shop_.address);
    const std::string number = std::to_string(db);
    const Request select = {"SELECT", number};
    connection->Add(select);
    Expect(connection->Round()[0].kind == '+');
    ++requests_;
    latencies_.Record("connect", since);
  }
  return *connection;
}

const std::vector<Reply>& PhpProcess::Pipeline(Database db, const std::string& kind,
                                               const std::vector<Request>& requests) {
  Connection& connection = Open(db);
  const auto since = Clock::now();
  for (const Request& request : requests) connection.Add(request);
  const std::vector<Reply>& replies = connection.Round();
  latencies_.Record(kind, since);
  requests_ += static_cast<int64_t>(requests.size());
  for (const Reply& reply : replies) Expect(reply.kind != '-');
  return replies;
}

const Reply& PhpProcess::Ask(Database db, const std::string& kind, const Request& request) {
  return Pipeline(db, kind, {request})[0];
}

void PhpProcess::Load(Database db, const std::string& id, int64_t size_bytes) {
  const std::string key = "zc:k:" + id;
  const Reply& reply = Ask(db, "HGET", {"HGET", key, "d"});
  if (size_bytes == kAny) return;
  Expect(size_bytes == kAbsent ? reply.kind == '_'
                               : reply.kind == '$' && reply.integer == size_bytes);
}

void PhpProcess::Save(Database db, const std::string& id, int64_t size_bytes,
                      const std::vector<std::string>& tags, int lifetime_s) {
  const std::string_view data = std::string_view(Data()).substr(0, static_cast<size_t>(size_bytes));
  const std::string key = "zc:k:" + id;
  const std::string all_tags = Joined(tags);
  const std::string lifetime = lifetime_s > 0 ? std::to_string(lifetime_s) : "";
  const std::string_view infinite = lifetime_s > 0 ? "0" : "1";
  if (shop_.lua) {
    const std::string count = std::to_string(tags.size());
    Request request = Concat({"EVALSHA", shop_.save_sha, count}, tags);
    const Request args = {"zc:k:", "d",  "t",      "m",   "i",      "zc:tags", "zc:ti:", "zc:ids",
                          id,      data, all_tags, kTime, infinite, lifetime,  ""};
    request.insert(request.end(), args.begin(), args.end());
    Ask(db, "save", request);
    return;
  }
  Ask(db, "HGET t", {"HGET", key, "t"});
  const std::vector<std::string> sets = Prefixed("zc:ti:", tags);
  std::vector<Request> requests = {
      {"HMSET", key, "d", data, "t", all_tags, "m", kTime, "i", infinite}};
  if (lifetime_s > 0) requests.push_back({"EXPIRE", key, lifetime});
  if (!tags.empty()) requests.push_back(Concat({"SADD", "zc:tags"}, tags));
  for (const std::string& set : sets) requests.push_back({"SADD", set, id});
  Pipeline(db, "save", requests);
}

void PhpProcess::CleanAny(Database db, const std::vector<std::string>& tags) {
  if (shop_.lua) {
    const std::string count = std::to_string(tags.size());
    Request request = Concat({"EVALSHA", shop_.clean_sha, count}, tags);
    const Request args = {"zc:ti:", "zc:k:", "zc:tags", "zc:ids", "", "5000"};
    request.insert(request.end(), args.begin(), args.end());
    Ask(db, "clean", request);
    return;
  }
  const std::vector<std::string> sets = Prefixed("zc:ti:", tags);
  std::vector<std::string> entries;
  for (const Reply& id : Ask(db, "SUNION", Concat({"SUNION"}, sets)).items) {
    entries.push_back("zc:k:" + id.text);
  }
  if (!entries.empty()) Ask(db, "UNLINK", Concat({"UNLINK"}, entries));
  Pipeline(db, "clean", {Concat({"UNLINK"}, sets), Concat({"SREM", "zc:tags"}, tags)});
}

void PhpProcess::CleanInScope(Database db, const std::string& tag, const std::string& scope) {
  const std::vector<std::string> sets = Prefixed("zc:ti:", {tag, scope});
  std::vector<std::string> entries;
  for (const Reply& id : Ask(db, "SINTER", Concat({"SINTER"}, sets)).items) {
    entries.push_back("zc:k:" + id.text);
  }
  if (!entries.empty()) Ask(db, "UNLINK", Concat({"UNLINK"}, entries));
}

void PhpProcess::StartSession() {
  const Reply& lock = Ask(kSessions, "HINCRBY", {"HINCRBY", session_key_, "lock", "1"});
  Expect(lock.kind == ':' && lock.integer == 1);
  const Reply& read = Ask(kSessions, "HMGET", {"HMGET", session_key_, "data", "writes"});
  const bool first = session_data_.empty();  // a former run may have left any data
  Expect(read.items.size() == 2 && (first || read.items[0].text == session_data_));
  Pipeline(kSessions, "session lock",
           {{"HMSET", session_key_, "pid", kHolder, "lock", "1", "req", "GET /checkout/cart/"},
            {"EXPIRE", session_key_, "21600"}});
}

void PhpProcess::WriteSession() {
  Expect(Ask(kSessions, "HGET pid", {"HGET", session_key_, "pid"}).text == kHolder);
  session_data_ = Data().substr(0, 1500 + session_data_.size() % 499);
  Pipeline(kSessions, "session write",
           {{"HMSET", session_key_, "data", session_data_, "lock", "0"},
            {"HINCRBY", session_key_, "writes", "1"},
            {"EXPIRE", session_key_, "3600"}});
}

void LoadScripts(Shop& shop, const std::string& directory) {
  Connection connection(shop.address);
  const std::array<std::string, 2> texts = {ReadFile(directory + "/save.lua"),
                                            ReadFile(directory + "/clean.lua")};
  for (const std::string& text : texts) {
    const std::array<std::string_view, 3> request = {"SCRIPT", "LOAD", text};
    connection.Add(request);
  }
  const std::vector<Reply>& replies = connection.Round();
  shop.save_sha = replies[0].text;
  shop.clean_sha = replies[1].text;
  if (replies[1].kind != '$') throw std::runtime_error("SCRIPT LOAD: " + replies[1].text);
}

}  // namespace larder::bench
