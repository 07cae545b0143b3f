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
  EXPECT_EQ(entry->string(), "hello");
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
  EXPECT_EQ(entry->string(), "value");
  EXPECT_EQ(entry->expiry_ms(), 99);
  EXPECT_EQ(entry->access(), 77u);
  EXPECT_EQ(entry->string_encoding(), StringEncoding::kRaw);
  old = entry.release();
  entry.reset(Entry::Rebuild(old, "other", Entry::kNoExpiry));
  EXPECT_EQ(entry->key(), "other");
  EXPECT_FALSE(entry->has_expiry());
}

TEST(Entry, ALongStringIsABlobThatItsCloneShares) {
  const std::string value(kBlobMinBytes, 'x');
  EntryPtr entry(Entry::NewString("k", value, StringEncoding::kRaw, Entry::kNoExpiry));
  ASSERT_NE(entry->bulk().blob, nullptr);
  EXPECT_EQ(entry->inline_string(), nullptr);
  EntryPtr clone(entry->Clone("copy", Entry::kNoExpiry));
  EXPECT_EQ(clone->bulk().blob, entry->bulk().blob);
  entry.reset();
  EXPECT_EQ(clone->string(), value);
}

TEST(Entry, OwnsItsCollection) {
  auto* set = new Set();
  EntryPtr entry(Entry::NewObject("s", ValueType::kSet, set, Entry::kNoExpiry));
  EXPECT_EQ(entry->object<Set>(), set);
  EXPECT_EQ(TypeName(entry->type()), "set");
}

}  // namespace
}  // namespace larder
