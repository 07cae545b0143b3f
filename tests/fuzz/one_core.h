// A machine with one core, for the program that includes this (in one file): what asks for the
// number of cores (std::thread::hardware_concurrency) gets this answer instead of the C library's,
// so loading starts no threads. For one chunk, which an input of a fuzzer is, they have nothing to
// do, and starting them takes longer than most inputs.
#pragma once

extern "C" int get_nprocs() noexcept { return 1; }
