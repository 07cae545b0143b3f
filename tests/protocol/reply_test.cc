#include "protocol/reply.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

namespace larder {
namespace {

std::string Spell(int resp, const std::function<void(Reply&)>& write) {
  OutputBuffer out;
  Reply reply(out, resp);
  write(reply);
  return out.Flatten();
}

void Expect(const std::function<void(Reply&)>& write, const std::string& resp2,
            const std::string& resp3) {
  EXPECT_EQ(Spell(2, write), resp2);
  EXPECT_EQ(Spell(3, write), resp3);
}

void ExpectSame(const std::function<void(Reply&)>& write, const std::string& text) {
  Expect(write, text, text);
}

TEST(Reply, SpellsLinesAndBulksTheSameInBothVersions) {
  ExpectSame([](Reply& r) { r.Ok(); }, "+OK\r\n");
  ExpectSame([](Reply& r) { r.Status("PONG"); }, "+PONG\r\n");
  ExpectSame([](Reply& r) { r.Bulk(""); }, "$0\r\n\r\n");
  ExpectSame([](Reply& r) { r.Bulk("a\r\nb"); }, "$4\r\na\r\nb\r\n");
  ExpectSame([](Reply& r) { r.BulkInteger(-12); }, "$3\r\n-12\r\n");
  const std::string big(5000, 'x');
  ExpectSame([&](Reply& r) { r.Bulk(big); }, "$5000\r\n" + big + "\r\n");
}

TEST(Reply, SpellsIntegersOfEveryLength) {
  for (int64_t value : {int64_t{0}, int64_t{9}, int64_t{10}, int64_t{99}, int64_t{100}, int64_t{-1},
                        std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    ExpectSame([=](Reply& r) { r.Integer(value); }, ":" + std::to_string(value) + "\r\n");
  }
}

TEST(Reply, SpellsNullsByVersion) {
  Expect([](Reply& r) { r.Null(); }, "$-1\r\n", "_\r\n");
  Expect([](Reply& r) { r.NullArray(); }, "*-1\r\n", "_\r\n");
}

TEST(Reply, SpellsDoublesAsRedis70) {
  const double inf = std::numeric_limits<double>::infinity();
  Expect([](Reply& r) { r.Double(0.1); }, "$19\r\n0.10000000000000001\r\n",
         ",0.10000000000000001\r\n");
  Expect([](Reply& r) { r.Double(3); }, "$1\r\n3\r\n", ",3\r\n");
  Expect([=](Reply& r) { r.Double(inf); }, "$3\r\ninf\r\n", ",inf\r\n");
  Expect([=](Reply& r) { r.Double(-inf); }, "$4\r\n-inf\r\n", ",-inf\r\n");
}

TEST(Reply, SpellsWhatOnlyRESP3Knows) {
  Expect([](Reply& r) { r.Bool(true); }, ":1\r\n", "#t\r\n");
  Expect([](Reply& r) { r.Bool(false); }, ":0\r\n", "#f\r\n");
  Expect([](Reply& r) { r.BigNumber("123"); }, "$3\r\n123\r\n", "(123\r\n");
  Expect([](Reply& r) { r.Verbatim("txt", "hi"); }, "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n");
  Expect([](Reply& r) { r.Map(2); }, "*4\r\n", "%2\r\n");
  Expect([](Reply& r) { r.Set(12); }, "*12\r\n", "~12\r\n");
  Expect([](Reply& r) { r.Push(3); }, "*3\r\n", ">3\r\n");
}

TEST(Reply, KeepsAnErrorOnOneLineAndCountsItsCode) {
  OutputBuffer out;
  Reply reply(out, 2);
  EXPECT_EQ(reply.errors(), 0u);
  reply.Error("WRONGTYPE a\r\nb\r\n");
  EXPECT_EQ(out.Flatten(), "-WRONGTYPE a  b\r\n");
  EXPECT_EQ(reply.errors(), 1u);
  EXPECT_EQ(reply.last_error_code(), "WRONGTYPE");
  out.Clear();
  reply.Error("\r\na b");
  EXPECT_EQ(out.Flatten(), "-  a b\r\n");
  reply.Error("XXXXXXXXXXXXXXXXXXXXXXXXXXXXXX b");
  EXPECT_EQ(reply.last_error_code(), std::string(30, 'X'));
  for (const char* text : {"X", "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX b"}) {
    reply.Error(text);
    EXPECT_EQ(reply.last_error_code(), "ERR") << text;
  }
}

TEST(Reply, PutsALengthInFrontOfWhatWasWritten) {
  auto write = [](Reply& r) {
    r.Array(2);
    auto outer = r.Begin();
    r.Integer(1);
    r.Bulk("b");
    r.EndMap(outer, 1);
    auto inner = r.Begin();
    r.EndSet(inner, 0);
  };
  Expect(write, "*2\r\n*2\r\n:1\r\n$1\r\nb\r\n*0\r\n", "*2\r\n%1\r\n:1\r\n$1\r\nb\r\n~0\r\n");
}

TEST(Reply, SendsABlobByReference) {
  BlobRef blob = BlobRef::Adopt(Blob::New(std::string(kBlobMinBytes, 'p')));
  OutputBuffer out;
  Reply reply(out, 2);
  auto begin = reply.Begin();
  reply.Bulk(BulkView{blob->view(), blob.get()});
  reply.Bulk(BulkView{blob->view().substr(0, 3), blob.get()});  // a part of it is copied
  reply.EndArray(begin, 2);
  EXPECT_FALSE(blob->unique());
  ASSERT_EQ(out.splices().size(), 1u);
  EXPECT_EQ(out.Flatten(), "*2\r\n$16384\r\n" + std::string(blob->view()) + "\r\n$3\r\nppp\r\n");
  EXPECT_EQ(out.size(), out.Flatten().size());
  out.TruncateTo(begin);
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(blob->unique());
}

TEST(Reply, SendsTheLargePartsOfABulkByReference) {
  BlobRef large = BlobRef::Adopt(Blob::New(std::string(10'000, 'p')));
  BlobRef small = BlobRef::Adopt(Blob::New("tail"));
  OutputBuffer out;
  Reply reply(out, 2);
  reply.BeginBulk(10'009);
  reply.BulkPart({"front"});
  reply.BulkPart({large->view(), large.get()});
  reply.BulkPart({small->view(), small.get()});
  reply.EndBulk();
  ASSERT_EQ(out.splices().size(), 1u);
  EXPECT_EQ(out.Flatten(), "$10009\r\nfront" + std::string(large->view()) + "tail\r\n");
  EXPECT_TRUE(small->unique());
}

}  // namespace
}  // namespace larder
