#include "server/script/library_set.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

std::unique_ptr<FunctionLibrary> Library(const std::string& name,
                                         const std::vector<std::string>& functions) {
  auto library = std::make_unique<FunctionLibrary>();
  library->name = name;
  for (const std::string& function : functions) library->functions.push_back({.name = function});
  return library;
}

LibrarySet SetOf(std::unique_ptr<FunctionLibrary> library) {
  LibrarySet set;
  set.Add(std::move(library));
  return set;
}

TEST(LibrarySet, FindsFunctionsInAnyCase) {
  LibrarySet set = SetOf(Library("lib", {"First", "second"}));
  ASSERT_NE(set.FindFunction("FIRST"), nullptr);
  EXPECT_EQ(set.FindFunction("FIRST")->name, "First");
  EXPECT_EQ(set.FindFunction("third"), nullptr);
  EXPECT_NE(set.Find("lib"), nullptr);
  EXPECT_EQ(set.Find("LIB"), nullptr);
  EXPECT_EQ(set.functions(), 2u);
}

TEST(LibrarySet, KeepsFunctionsOfALibraryThatDifferInCase) {
  LibrarySet set = SetOf(Library("lib", {"F", "f"}));
  EXPECT_EQ(set.FindFunction("f")->name, "F");
  EXPECT_EQ(set.functions(), 2u);
  EXPECT_EQ(set.RefuseJoin(SetOf(Library("other", {"f"})), true), "ERR Function f already exists");
  EXPECT_EQ(set.RefuseJoin(SetOf(Library("lib", {"f", "F"})), true), "");
  EXPECT_EQ(set.Join(SetOf(Library("lib", {"f", "F"}))).size(), 1u);
  EXPECT_EQ(set.FindFunction("F")->name, "f");
  EXPECT_NE(set.Remove("lib"), nullptr);
  EXPECT_EQ(set.FindFunction("f"), nullptr);
  EXPECT_EQ(set.functions(), 0u);
}

TEST(LibrarySet, ForgetsTheFunctionsOfALibraryThatGoes) {
  LibrarySet set = SetOf(Library("lib", {"a"}));
  EXPECT_EQ(set.Remove("other"), nullptr);
  EXPECT_NE(set.Remove("lib"), nullptr);
  EXPECT_EQ(set.FindFunction("a"), nullptr);
  EXPECT_EQ(set.functions(), 0u);
}

TEST(LibrarySet, RefusesWhatIsThere) {
  LibrarySet set = SetOf(Library("lib", {"a"}));
  EXPECT_EQ(set.RefuseJoin(SetOf(Library("lib", {"b"})), false), "ERR Library lib already exists");
  EXPECT_EQ(set.RefuseJoin(SetOf(Library("other", {"b", "A"})), true),
            "ERR Function A already exists");
  EXPECT_EQ(set.RefuseJoin(SetOf(Library("lib", {"a", "b"})), true), "");
}

TEST(LibrarySet, ReplacesOnlyWhatHasTheSameName) {
  LibrarySet set = SetOf(Library("lib", {"a"}));
  set.Add(Library("stays", {"c"}));
  LibrarySet coming = SetOf(Library("lib", {"b"}));
  coming.Add(Library("new", {"a"}));  // free, as lib goes
  ASSERT_EQ(set.RefuseJoin(coming, true), "");
  const auto replaced = set.Join(std::move(coming));
  ASSERT_EQ(replaced.size(), 1u);
  EXPECT_EQ(replaced[0]->functions[0].name, "a");
  EXPECT_EQ(set.libraries().size(), 3u);
  EXPECT_EQ(set.functions(), 3u);
}

}  // namespace
}  // namespace larder
