#include "server/store/entry.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <memory>
#include <string>

#include "server/store/set.h"

namespace larder {
namespace {

struct Free {
  void operator()(Entry* entry) const { Entry::Free(entry); }
};
using EntryPtr = std::unique_ptr<Entry, Free>;

TEST(Entry, HoldsKeyValueAndExpiryInOneBlock) {
  EntryPtr entry(Entry::NewString("greeting", "hello", StringEncoding::kEmbstr, 12345));
  EXPECT_EQ(entry->key(), "greeting");
  EXPECT_EQ(entry->short_string(), "hello");
  EXPECT_EQ(entry->expiry_ms(), 12345);
  EXPECT_TRUE(entry->ExpiredAt(12345));
  EXPECT_FALSE(entry->ExpiredAt(12344));
}

TEST(Entry, AStringOf20And32BytesTakes64) {
  EntryPtr entry(Entry::NewString(std::string(20, 'k'), std::string(32, 'v'),
                                  StringEncoding::kEmbstr, Entry::kNoExpiry));
  EXPECT_LE(entry->MemoryBytes(), 72u);  // 64 with jemalloc, which rounds to its classes
}

TEST(Entry, RebuildKeepsTheValueWhenTheExpiryComesAndGoes) {
  EntryPtr entry(Entry::NewString("k", "value", StringEncoding::kRaw, Entry::kNoExpiry));
  entry->set_access(77);
  Entry* old = entry.release();
  entry.reset(Entry::Rebuild(old, old->key(), 99));
  EXPECT_EQ(entry->key(), "k");
  EXPECT_EQ(entry->short_string(), "value");
  EXPECT_EQ(entry->expiry_ms(), 99);
  EXPECT_EQ(entry->access(), 77u);
  EXPECT_EQ(entry->string_encoding(), StringEncoding::kRaw);
  old = entry.release();
  entry.reset(Entry::Rebuild(old, "other", Entry::kNoExpiry));
  EXPECT_EQ(entry->key(), "other");
  EXPECT_FALSE(entry->has_expiry());
}

TEST(Entry, ALargeStringsBlocksAreSharedByItsClone) {
  const std::string value(LargeString::kMinBytes, 'x');
  EntryPtr entry(Entry::NewString("k", value, StringEncoding::kRaw, Entry::kNoExpiry));
  ASSERT_FALSE(entry->string().contiguous());
  EXPECT_EQ(entry->inline_string(), nullptr);
  EXPECT_EQ(entry->short_string(), "");
  EntryPtr clone(entry->Clone("copy", Entry::kNoExpiry));
  EXPECT_EQ(clone->string().block(0).blob, entry->string().block(0).blob);
  entry->Overwrite(0, "y");
  EXPECT_EQ(clone->string().block(1).blob, entry->string().block(1).blob);
  entry.reset();
  EXPECT_EQ(clone->string().Copy(0, value.size()), value);
}

TEST(Entry, AClonesUseIsItsOriginals) {
  for (const size_t size : {size_t{0}, size_t{20}, LargeString::kMinBytes}) {
    const std::string value(size, 'x');
    EntryPtr entry(Entry::NewString("k", value, StringEncoding::kRaw, 99));
    entry->set_access(77);
    EntryPtr clone(entry->Clone("copy", Entry::kNoExpiry));
    EXPECT_EQ(clone->access(), 77u);
    EXPECT_EQ(clone->string_encoding(), StringEncoding::kRaw);
    EXPECT_EQ(clone->string().Copy(0, size), value);
    EXPECT_EQ(clone->key(), "copy");
    EXPECT_FALSE(clone->has_expiry());
  }
}

TEST(Entry, GrowsFromAShortStringToALargeOne) {
  std::string model = "seed";
  EntryPtr entry(Entry::NewString("k", model, StringEncoding::kEmbstr, 12345));
  entry->set_access(7);
  for (const size_t more : {0, 1, 100, 16'000, 1, 500, 40'000}) {
    const std::string tail(more, static_cast<char>('a' + more % 26));
    entry.reset(Entry::Append(entry.release(), tail));
    model += tail;
    entry.reset(Entry::Grow(entry.release(), model.size() + more));
    model.resize(model.size() + more);
    entry->Overwrite(model.size() / 2, "!");
    model[model.size() / 2] = '!';
    ASSERT_EQ(entry->string().Copy(0, model.size()), model);
    ASSERT_EQ(entry->string().contiguous(), model.size() < LargeString::kMinBytes);
  }
  EXPECT_EQ(entry->key(), "k");
  EXPECT_EQ(entry->expiry_ms(), 12345);
  EXPECT_EQ(entry->access(), 7u);
}

TEST(Entry, OwnsItsCollection) {
  auto* set = new Set();
  EntryPtr entry(Entry::NewObject("s", ValueType::kSet, set, Entry::kNoExpiry));
  EXPECT_EQ(entry->object<Set>(), set);
  EXPECT_EQ(TypeName(entry->type()), "set");
}

}  // namespace
}  // namespace larder
