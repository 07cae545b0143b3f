#include "server/script/script_cache.h"

#include <gtest/gtest.h>

#include "server/base/hex.h"
#include "server/script/shebang.h"

namespace larder {
namespace {

std::unique_ptr<Script> NewScript(const std::string& body, bool loaded) {
  auto script = std::make_unique<Script>();
  script->sha = Sha1Of(body);
  script->name = HexOf(script->sha);
  script->body = body;
  script->loaded = loaded;
  return script;
}

TEST(ScriptCache, FindsScriptsByShaAndByText) {
  ScriptCache cache;
  cache.Add(NewScript("return 1", true));
  const Script* script = cache.FindByBody("return 1");
  ASSERT_NE(script, nullptr);
  EXPECT_EQ(script->name, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  EXPECT_EQ(cache.FindBySha(*ParseSha1("E0E1F9FABFC9D4800C877A703B823AC0578FF8DB")), script);
  EXPECT_EQ(cache.FindByBody("return 2"), nullptr);
  EXPECT_GT(cache.memory_bytes(), script->body.size());
  cache.Clear();
  EXPECT_EQ(cache.size(), 0u);
}

TEST(ScriptCache, DropsTheOldestThatCameByEval) {
  ScriptCache cache;
  cache.Add(NewScript("kept", true));
  const size_t most = ScriptCache::kMostEvalScripts;
  for (size_t i = 0; i < most; ++i) {
    EXPECT_EQ(cache.Add(NewScript(std::to_string(i), false)), nullptr);
  }
  const auto dropped = cache.Add(NewScript("one more", false));
  ASSERT_NE(dropped, nullptr);
  EXPECT_EQ(dropped->body, "0");
  EXPECT_EQ(cache.FindByBody("0"), nullptr);
  EXPECT_NE(cache.FindByBody("kept"), nullptr);
  EXPECT_EQ(cache.size(), most + 1);
}

TEST(Sha1, ReadsOnlyFortyDigits) {
  EXPECT_FALSE(ParseSha1(""));
  EXPECT_FALSE(ParseSha1("e0e1f9fabfc9d4800c877a703b823ac0578ff8d"));
  EXPECT_FALSE(ParseSha1("g0e1f9fabfc9d4800c877a703b823ac0578ff8db"));
}

TEST(Shebang, SaysWhatAScriptPromises) {
  std::string error;
  EXPECT_EQ(ParseShebang("return 1", &error)->flags, uint32_t{kScriptPlain});
  EXPECT_EQ(ParseShebang("--!df flags=allow-undeclared-keys\nreturn 1", &error)->flags,
            uint32_t{kScriptPlain});
  const auto shebang = ParseShebang("#!lua flags=no-writes,allow-oom\nreturn 1", &error);
  EXPECT_EQ(shebang->flags, uint32_t{kScriptNoWrites | kScriptAllowOom});
  EXPECT_EQ(shebang->size, 31u);
  EXPECT_EQ(ParseShebang("#!lua flags=\nreturn 1", &error)->flags, 0u);
}

TEST(Shebang, RefusesWhatItDoesNotKnow) {
  std::string error;
  EXPECT_FALSE(ParseShebang("#!lua", &error));
  EXPECT_EQ(error, "ERR Invalid script shebang");
  EXPECT_FALSE(ParseShebang("#!js\n", &error));
  EXPECT_EQ(error, "ERR Unexpected engine in script shebang: #!js");
  EXPECT_FALSE(ParseShebang("#!lua 'x\n", &error));
  EXPECT_EQ(error, "ERR Invalid engine in script shebang");
  EXPECT_FALSE(ParseShebang("#!lua badger=data\n", &error));
  EXPECT_EQ(error, "ERR Unknown lua shebang option: badger=data");
  EXPECT_FALSE(ParseShebang("#!lua flags=what?\n", &error));
  EXPECT_EQ(error, "ERR Unexpected flag in script shebang: what?");
}

}  // namespace
}  // namespace larder
