// Whether the printed lines of a reply are the expected ones. Pure functions; any thread.
//
// A line of an expectation stands for itself, except for
//   ...            alone on its line: any number of lines
//   ~ pattern      (also behind an index, "1) ~ x*"): the rest of the line matches the glob; only *
//   and ? text ~90..100  at the end of a line, a closing quote may follow: a number between the
//   two, both included
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace larder::test {

// How the elements of an array, set or map may be mixed up.
enum class Order {
  kExact,
  kUnordered,  // the elements come in any order
  kPairs,      // …in any order, two and two together (HGETALL in RESP2)
  kDeep,       // …in any order, and so do the elements of elements (the page of a SCAN)
};

bool LineMatches(std::string_view expected, std::string_view actual);

bool Matches(const std::vector<std::string>& expected, const std::vector<std::string>& actual,
             Order order);

}  // namespace larder::test
