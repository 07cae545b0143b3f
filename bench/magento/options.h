// The command line of bench_magento.
#pragma once

#include <cstdint>
#include <string>

#include "bench/magento/php_process.h"

namespace larder::bench {

struct Options {
  Shop shop;
  std::string mix = "measured";  // or model
  std::string only;              // of the measured pages: those whose name contains this
  int pages = 2000;
  int parallel = 1;
  int entries = 5000;  // of the model's data set
  uint64_t seed = 1;
  bool fill = true;
  std::string json_path;
};

// Prints what is wrong or the usage, and ends the program.
Options ParseOptions(int argc, char** argv);

}  // namespace larder::bench
