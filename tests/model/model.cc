#include "tests/model/model.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace larder::test {
namespace {

struct WrongType {};

using Handler = std::function<Value(Model&, const Words&)>;
using Table = std::map<std::string, Handler>;

Value Integer(int64_t number) { return {':', false, std::to_string(number), {}}; }
Value Bulk(std::string text) { return {'$', false, std::move(text), {}}; }
Value Nil() { return {'$', true, "", {}}; }
Value Status(std::string text) { return {'+', false, std::move(text), {}}; }
Value Ok() { return Status("OK"); }
Value Error(std::string text) { return {'-', false, std::move(text), {}}; }

template <typename Range>
Value Array(const Range& texts) {
  Value value{'*', false, "", {}};
  for (const std::string& text : texts) value.items.push_back(Bulk(text));
  return value;
}

int64_t Number(const std::string& text) { return std::stoll(text); }

// Whether all of the text is a number as Redis stores one.
bool IsInteger(const std::string& text) {
  if (text.empty() || text.size() > 18) return false;
  const size_t sign = text[0] == '-';
  return text.size() > sign &&
         std::all_of(text.begin() + static_cast<ptrdiff_t>(sign), text.end(),
                     [](char c) { return c >= '0' && c <= '9'; }) &&
         text == std::to_string(std::stoll(text));
}

// Turns Redis' [start, stop], negative from the end, into [first, second) within size.
std::pair<size_t, size_t> Slice(int64_t start, int64_t stop, size_t size) {
  const auto count = static_cast<int64_t>(size);
  if (start < 0) start = std::max<int64_t>(0, start + count);
  if (stop < 0) stop += count;
  stop = std::min(stop, count - 1);
  if (start > stop) return {0, 0};
  return {static_cast<size_t>(start), static_cast<size_t>(stop + 1)};
}

Value IncrementText(std::string& text, const std::string& by, const char* error) {
  if (!IsInteger(text)) return Error(error);
  text = std::to_string(Number(text) + Number(by));
  return Integer(Number(text));
}

Table StringCommands() {
  return {
      {"SET",
       [](Model& model, const Words& words) {
         model.keys()[words[1]] = {words[2], false};
         return Ok();
       }},
      {"GET",
       [](Model& model, const Words& words) {
         const auto* text = model.Find<Model::Text>(words[1]);
         return text ? Bulk(*text) : Nil();
       }},
      {"APPEND",
       [](Model& model, const Words& words) {
         auto& text = model.FindOrCreate<Model::Text>(words[1]);
         text += words[2];
         return Integer(static_cast<int64_t>(text.size()));
       }},
      {"STRLEN",
       [](Model& model, const Words& words) {
         const auto* text = model.Find<Model::Text>(words[1]);
         return Integer(text ? static_cast<int64_t>(text->size()) : 0);
       }},
      {"INCRBY",
       [](Model& model, const Words& words) {
         if (!model.Find<Model::Text>(words[1])) model.FindOrCreate<Model::Text>(words[1]) = "0";
         return IncrementText(*model.Find<Model::Text>(words[1]), words[2],
                              "ERR value is not an integer or out of range");
       }},
  };
}

Table StringRangeAndGroupCommands() {
  return {
      {"GETRANGE",
       [](Model& model, const Words& words) {
         const auto* text = model.Find<Model::Text>(words[1]);
         if (!text || text->empty()) return Bulk("");
         // Unlike a list's, an end before the first byte means the first byte.
         const auto size = static_cast<int64_t>(text->size());
         const int64_t start = Number(words[2]);
         const int64_t stop = Number(words[3]);
         if (start < 0 && stop < 0 && start > stop) return Bulk("");
         const auto [from, to] = Slice(start, std::max(stop, -size), text->size());
         return Bulk(text->substr(from, to - from));
       }},
      {"SETRANGE",
       [](Model& model, const Words& words) {
         const auto offset = static_cast<size_t>(Number(words[2]));
         if (words[3].empty()) {
           const auto* old = model.Find<Model::Text>(words[1]);
           return Integer(old ? static_cast<int64_t>(old->size()) : 0);
         }
         auto& text = model.FindOrCreate<Model::Text>(words[1]);
         text.resize(std::max(text.size(), offset + words[3].size()), '\0');
         text.replace(offset, words[3].size(), words[3]);
         return Integer(static_cast<int64_t>(text.size()));
       }},
      {"MSET",
       [](Model& model, const Words& words) {
         for (size_t i = 1; i < words.size(); i += 2)
           model.keys()[words[i]] = {words[i + 1], false};
         return Ok();
       }},
      {"MGET",
       [](Model& model, const Words& words) {
         Value reply = Array(std::vector<std::string>());
         for (size_t i = 1; i < words.size(); ++i) {
           const auto found = model.keys().find(words[i]);
           const auto* text = found == model.keys().end()
                                  ? nullptr
                                  : std::get_if<Model::Text>(&found->second.value);
           reply.items.push_back(text ? Bulk(*text) : Nil());
         }
         return reply;
       }},
  };
}

Table KeyCommands() {
  return {
      {"DEL",
       [](Model& model, const Words& words) {
         int64_t count = 0;
         for (size_t i = 1; i < words.size(); ++i) {
           count += static_cast<int64_t>(model.keys().erase(words[i]));
         }
         return Integer(count);
       }},
      {"EXISTS",
       [](Model& model, const Words& words) {
         int64_t count = 0;
         for (size_t i = 1; i < words.size(); ++i) count += model.keys().contains(words[i]);
         return Integer(count);
       }},
      {"TYPE",
       [](Model& model, const Words& words) {
         static const std::vector<std::string> names = {"string", "hash", "set", "list", "zset"};
         const auto found = model.keys().find(words[1]);
         if (found == model.keys().end()) return Status("none");
         return Status(names[found->second.value.index()]);
       }},
      {"EXPIRE",
       [](Model& model, const Words& words) {
         const auto found = model.keys().find(words[1]);
         if (found == model.keys().end()) return Integer(0);
         found->second.expires = true;
         return Integer(1);
       }},
      {"PERSIST",
       [](Model& model, const Words& words) {
         const auto found = model.keys().find(words[1]);
         return Integer(found != model.keys().end() && std::exchange(found->second.expires, false));
       }},
      {"RENAME",
       [](Model& model, const Words& words) {
         const auto found = model.keys().find(words[1]);
         if (found == model.keys().end()) return Error("ERR no such key");
         if (words[1] == words[2]) return Ok();
         model.keys()[words[2]] = std::move(found->second);
         model.keys().erase(words[1]);
         return Ok();
       }},
      {"COPY",
       [](Model& model, const Words& words) {
         if (words[1] == words[2]) return Error("ERR source and destination objects are the same");
         const auto found = model.keys().find(words[1]);
         if (found == model.keys().end() || model.keys().contains(words[2])) return Integer(0);
         model.keys()[words[2]] = found->second;
         return Integer(1);
       }},
  };
}

Table HashCommands() {
  return {
      {"HSET",
       [](Model& model, const Words& words) {
         auto& hash = model.FindOrCreate<Model::Hash>(words[1]);
         const size_t before = hash.size();
         for (size_t i = 2; i < words.size(); i += 2) hash[words[i]] = words[i + 1];
         return Integer(static_cast<int64_t>(hash.size() - before));
       }},
      {"HGET",
       [](Model& model, const Words& words) {
         const auto* hash = model.Find<Model::Hash>(words[1]);
         return hash && hash->contains(words[2]) ? Bulk(hash->at(words[2])) : Nil();
       }},
      {"HDEL",
       [](Model& model, const Words& words) {
         auto* hash = model.Find<Model::Hash>(words[1]);
         int64_t count = 0;
         for (size_t i = 2; hash && i < words.size(); ++i) {
           count += static_cast<int64_t>(hash->erase(words[i]));
         }
         model.DropIfEmpty(words[1]);
         return Integer(count);
       }},
      {"HLEN",
       [](Model& model, const Words& words) {
         const auto* hash = model.Find<Model::Hash>(words[1]);
         return Integer(hash ? static_cast<int64_t>(hash->size()) : 0);
       }},
      {"HINCRBY",
       [](Model& model, const Words& words) {
         auto& hash = model.FindOrCreate<Model::Hash>(words[1]);
         std::string& text = hash.try_emplace(words[2], "0").first->second;
         return IncrementText(text, words[3], "ERR hash value is not an integer");
       }},
      {"HGETALL",
       [](Model& model, const Words& words) {
         std::vector<std::string> flat;
         const auto* hash = model.Find<Model::Hash>(words[1]);
         for (const auto& [field, value] : hash ? *hash : Model::Hash()) {
           flat.push_back(field);
           flat.push_back(value);
         }
         return Array(flat);
       }},
  };
}

// The intersection, union or difference of the sets named from words[from] on.
Model::Set Combine(Model& model, const std::string& how, const Words& words, size_t from) {
  Model::Set result;
  std::vector<Model::Set> sets;
  for (size_t i = from; i < words.size(); ++i) {
    const auto* set = model.Find<Model::Set>(words[i]);
    sets.push_back(set ? *set : Model::Set());
  }
  result = sets.front();
  for (size_t i = 1; i < sets.size(); ++i) {
    if (how.starts_with("SUNION")) {
      result.insert(sets[i].begin(), sets[i].end());
    } else {
      const bool inside = how.starts_with("SINTER");
      std::erase_if(result, [&](const auto& member) { return sets[i].contains(member) != inside; });
    }
  }
  return result;
}

Value CombineAndReply(Model& model, const Words& words) {
  return Array(Combine(model, words[0], words, 1));
}

Value CombineAndStore(Model& model, const Words& words) {
  Model::Set result = Combine(model, words[0], words, 2);
  const auto size = static_cast<int64_t>(result.size());
  model.keys().erase(words[1]);
  if (size > 0) model.keys()[words[1]] = {std::move(result), false};
  return Integer(size);
}

Table SetCommands() {
  return {
      {"SADD",
       [](Model& model, const Words& words) {
         auto& set = model.FindOrCreate<Model::Set>(words[1]);
         const size_t before = set.size();
         set.insert(words.begin() + 2, words.end());
         return Integer(static_cast<int64_t>(set.size() - before));
       }},
      {"SREM",
       [](Model& model, const Words& words) {
         auto* set = model.Find<Model::Set>(words[1]);
         int64_t count = 0;
         for (size_t i = 2; set && i < words.size(); ++i) {
           count += static_cast<int64_t>(set->erase(words[i]));
         }
         model.DropIfEmpty(words[1]);
         return Integer(count);
       }},
      {"SISMEMBER",
       [](Model& model, const Words& words) {
         const auto* set = model.Find<Model::Set>(words[1]);
         return Integer(set && set->contains(words[2]));
       }},
      {"SCARD",
       [](Model& model, const Words& words) {
         const auto* set = model.Find<Model::Set>(words[1]);
         return Integer(set ? static_cast<int64_t>(set->size()) : 0);
       }},
      {"SMEMBERS", CombineAndReply},
      {"SINTER", CombineAndReply},
      {"SUNION", CombineAndReply},
      {"SDIFF", CombineAndReply},
      {"SINTERSTORE", CombineAndStore},
      {"SUNIONSTORE", CombineAndStore},
      {"SDIFFSTORE", CombineAndStore},
  };
}

Value Push(Model& model, const Words& words) {
  auto& list = model.FindOrCreate<Model::List>(words[1]);
  for (size_t i = 2; i < words.size(); ++i) {
    words[0] == "LPUSH" ? list.push_front(words[i]) : list.push_back(words[i]);
  }
  return Integer(static_cast<int64_t>(list.size()));
}

Value Pop(Model& model, const Words& words) {
  auto* list = model.Find<Model::List>(words[1]);
  if (!list) return Nil();
  const std::string text = words[0] == "LPOP" ? list->front() : list->back();
  words[0] == "LPOP" ? list->pop_front() : list->pop_back();
  model.DropIfEmpty(words[1]);
  return Bulk(text);
}

Value RemoveFromList(Model& model, const Words& words) {
  auto* list = model.Find<Model::List>(words[1]);
  if (!list) return Integer(0);
  const int64_t limit = Number(words[2]);
  if (limit < 0) std::reverse(list->begin(), list->end());
  const size_t before = list->size();
  int64_t left = limit == 0 ? static_cast<int64_t>(before) : std::abs(limit);
  std::erase_if(*list, [&](const auto& text) { return text == words[3] && left-- > 0; });
  const auto removed = static_cast<int64_t>(before - list->size());
  if (limit < 0) std::reverse(list->begin(), list->end());
  model.DropIfEmpty(words[1]);
  return Integer(removed);
}

Value InsertIntoList(Model& model, const Words& words) {
  auto* list = model.Find<Model::List>(words[1]);
  if (!list) return Integer(0);
  const auto pivot = std::find(list->begin(), list->end(), words[3]);
  if (pivot == list->end()) return Integer(-1);
  list->insert(words[2] == "BEFORE" ? pivot : pivot + 1, words[4]);
  return Integer(static_cast<int64_t>(list->size()));
}

Table ListCommands() {
  return {
      {"LPUSH", Push},
      {"RPUSH", Push},
      {"LPOP", Pop},
      {"RPOP", Pop},
      {"LREM", RemoveFromList},
      {"LINSERT", InsertIntoList},
      {"LLEN",
       [](Model& model, const Words& words) {
         const auto* list = model.Find<Model::List>(words[1]);
         return Integer(list ? static_cast<int64_t>(list->size()) : 0);
       }},
      {"LRANGE",
       [](Model& model, const Words& words) {
         const auto* list = model.Find<Model::List>(words[1]);
         const auto [from, to] = Slice(Number(words[2]), Number(words[3]), list ? list->size() : 0);
         std::vector<std::string> texts;
         for (size_t i = from; i < to; ++i) texts.push_back((*list)[i]);
         return Array(texts);
       }},
      {"LINDEX",
       [](Model& model, const Words& words) {
         const auto* list = model.Find<Model::List>(words[1]);
         const int64_t size = list ? static_cast<int64_t>(list->size()) : 0;
         int64_t index = Number(words[2]);
         if (index < 0) index += size;
         return index < 0 || index >= size ? Nil() : Bulk((*list)[static_cast<size_t>(index)]);
       }},
      {"LSET",
       [](Model& model, const Words& words) {
         auto* list = model.Find<Model::List>(words[1]);
         if (!list) return Error("ERR no such key");
         const auto size = static_cast<int64_t>(list->size());
         int64_t index = Number(words[2]);
         if (index < 0) index += size;
         if (index < 0 || index >= size) return Error("ERR index out of range");
         (*list)[static_cast<size_t>(index)] = words[3];
         return Ok();
       }},
      {"LTRIM",
       [](Model& model, const Words& words) {
         auto* list = model.Find<Model::List>(words[1]);
         if (!list) return Ok();
         const auto [from, to] = Slice(Number(words[2]), Number(words[3]), list->size());
         *list = Model::List(list->begin() + static_cast<ptrdiff_t>(from),
                             list->begin() + static_cast<ptrdiff_t>(to));
         model.DropIfEmpty(words[1]);
         return Ok();
       }},
  };
}

using Ranked = std::vector<std::pair<int64_t, std::string>>;

// The members in order: by score, then by name.
Ranked Rank(Model& model, const std::string& key) {
  Ranked ranked;
  const auto* scores = model.Find<Model::Scores>(key);
  for (const auto& [member, score] : scores ? *scores : Model::Scores()) {
    ranked.emplace_back(score, member);
  }
  std::sort(ranked.begin(), ranked.end());
  return ranked;
}

Value WithScores(const Ranked& ranked, size_t from, size_t to) {
  std::vector<std::string> flat;
  for (size_t i = from; i < to; ++i) {
    flat.push_back(ranked[i].second);
    flat.push_back(std::to_string(ranked[i].first));
  }
  return Array(flat);
}

// ZADD key [NX|XX] [GT|LT] [CH] score member …, the options in any order.
Value AddScores(Model& model, const Words& words) {
  std::set<std::string> options;
  size_t at = 2;
  while (at < words.size() && !IsInteger(words[at])) options.insert(words[at++]);
  auto& scores = model.FindOrCreate<Model::Scores>(words[1]);
  int64_t added = 0;
  int64_t changed = 0;
  for (; at < words.size(); at += 2) {
    const int64_t score = Number(words[at]);
    const auto found = scores.find(words[at + 1]);
    if (found == scores.end()) {
      if (options.contains("XX")) continue;
      scores[words[at + 1]] = score;
      ++added;
    } else if (!options.contains("NX") && !(options.contains("GT") && score <= found->second) &&
               !(options.contains("LT") && score >= found->second)) {
      changed += found->second != score;
      found->second = score;
    }
  }
  model.DropIfEmpty(words[1]);
  return Integer(options.contains("CH") ? added + changed : added);
}

Value PopScore(Model& model, const Words& words) {
  const Ranked ranked = Rank(model, words[1]);
  if (ranked.empty()) return Array(Words());
  const size_t at = words[0] == "ZPOPMIN" ? 0 : ranked.size() - 1;
  model.Find<Model::Scores>(words[1])->erase(ranked[at].second);
  model.DropIfEmpty(words[1]);
  return WithScores(ranked, at, at + 1);
}

Value RankOf(Model& model, const Words& words) {
  const Ranked ranked = Rank(model, words[1]);
  for (size_t i = 0; i < ranked.size(); ++i) {
    if (ranked[i].second != words[2]) continue;
    return Integer(static_cast<int64_t>(words[0] == "ZRANK" ? i : ranked.size() - 1 - i));
  }
  return Nil();
}

Table SortedSetCommands() {
  return {
      {"ZADD", AddScores},
      {"ZPOPMIN", PopScore},
      {"ZPOPMAX", PopScore},
      {"ZRANK", RankOf},
      {"ZREVRANK", RankOf},
      {"ZINCRBY",
       [](Model& model, const Words& words) {
         auto& scores = model.FindOrCreate<Model::Scores>(words[1]);
         return Bulk(std::to_string(scores[words[3]] += Number(words[2])));
       }},
      {"ZREM",
       [](Model& model, const Words& words) {
         auto* scores = model.Find<Model::Scores>(words[1]);
         int64_t count = 0;
         for (size_t i = 2; scores && i < words.size(); ++i) {
           count += static_cast<int64_t>(scores->erase(words[i]));
         }
         model.DropIfEmpty(words[1]);
         return Integer(count);
       }},
      {"ZCARD",
       [](Model& model, const Words& words) {
         return Integer(static_cast<int64_t>(Rank(model, words[1]).size()));
       }},
      {"ZSCORE",
       [](Model& model, const Words& words) {
         const auto* scores = model.Find<Model::Scores>(words[1]);
         return scores && scores->contains(words[2]) ? Bulk(std::to_string(scores->at(words[2])))
                                                     : Nil();
       }},
      {"ZRANGE",
       [](Model& model, const Words& words) {
         const Ranked ranked = Rank(model, words[1]);
         const auto [from, to] = Slice(Number(words[2]), Number(words[3]), ranked.size());
         return WithScores(ranked, from, to);
       }},
      {"ZRANGEBYSCORE",
       [](Model& model, const Words& words) {
         Ranked ranked = Rank(model, words[1]);
         std::erase_if(ranked, [&](const auto& entry) {
           return entry.first < Number(words[2]) || entry.first > Number(words[3]);
         });
         return WithScores(ranked, 0, ranked.size());
       }},
  };
}

const Table& AllCommands() {
  static const Table table = [] {
    Table all;
    for (Table part : {StringCommands(), StringRangeAndGroupCommands(), KeyCommands(),
                       HashCommands(), SetCommands(), ListCommands(), SortedSetCommands()}) {
      all.merge(part);
    }
    return all;
  }();
  return table;
}

}  // namespace

template <typename T>
T* Model::Find(const std::string& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return nullptr;
  T* value = std::get_if<T>(&found->second.value);
  if (!value) throw WrongType();
  return value;
}

template <typename T>
T& Model::FindOrCreate(const std::string& key) {
  if (!keys_.contains(key)) keys_[key].value = T();
  return *Find<T>(key);
}

void Model::DropIfEmpty(const std::string& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  const bool empty =
      std::visit([](const auto& value) { return value.empty(); }, found->second.value);
  if (empty) keys_.erase(found);
}

Value Model::Run(const Words& words) {
  try {
    return AllCommands().at(words[0])(*this, words);
  } catch (const WrongType&) {
    return Error("WRONGTYPE Operation against a key holding the wrong kind of value");
  }
}

Value Normalized(const Words& words, Value reply) {
  static const std::set<std::string> unordered = {"SMEMBERS", "SINTER", "SUNION", "SDIFF"};
  const auto text_less = [](const Value& a, const Value& b) { return a.text < b.text; };
  if (unordered.contains(words[0])) {
    std::sort(reply.items.begin(), reply.items.end(), text_less);
  } else if (words[0] == "HGETALL") {
    std::map<std::string, std::string> sorted;
    for (size_t i = 0; i + 1 < reply.items.size(); i += 2) {
      sorted[reply.items[i].text] = reply.items[i + 1].text;
    }
    reply.items.clear();
    for (const auto& [field, value] : sorted) {
      reply.items.push_back(Bulk(field));
      reply.items.push_back(Bulk(value));
    }
  }
  return reply;
}

}  // namespace larder::test
