#!/usr/bin/env bash
# Installs what is missing, builds larder three times and runs every test:
#
#   tests/run.sh            everything
#   tests/run.sh --quick    the Release build only
#   tests/run.sh long       everything, then the long tier: ten minutes of each fuzzer, the process
#                           tests on a slow machine, 10,000 cut links, and the pair of containers
#
# The builds, each with only what it runs:
#   build/        g++ Release: every test, and the transcripts against redis-server
#   build/asan    clang, ASan, UBSan, -Wthread-safety: unit, transcript and process tests, fuzzers
#   build/tsan    clang, TSan: the threaded rooms, the transcripts with four threads, and what
#                 persists and replicates
#
# The last lines count the tests of all builds; the exit status is 0 when none failed.
set -uo pipefail
unset CDPATH # of who has set it, cd prints where it goes

cd "$(dirname "$0")/.."
jobs="$(nproc)"
passed=0
failed=0

case "${1:-}" in
  "" | --quick | long) ;;
  *)
    sed -n '2,7p' "$0" | cut -c3-
    exit 2
    ;;
esac

server/install.sh build test || exit 1
# Redis' server is the same program as redis-check-rdb, and acts by its name.
mkdir -p build
command -v redis-server > /dev/null || ln -sf "$(command -v redis-check-rdb)" build/redis-server

# Where llvm-symbolizer is, which gives the sanitizers' stacks their names.
export PATH="$PATH:/usr/lib/llvm-14/bin"

# build FOLDER TARGETS... -- CMAKE OPTIONS...: configures and builds; a failure counts as one test.
build() {
  local folder=$1 targets=()
  shift
  while [[ $1 != -- ]]; do
    targets+=("$1")
    shift
  done
  shift
  echo "== build $folder"
  mkdir -p "$folder"
  if cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release "$@" > "$folder/build.log" 2>&1 &&
    ninja -C "$folder" -j "$jobs" "${targets[@]}" > "$folder/build.log" 2>&1; then
    return 0
  fi
  tail -n 60 "$folder/build.log"
  echo "== build $folder failed"
  failed=$((failed + 1))
  return 1
}

# check FOLDER CTEST OPTIONS...: runs ctest and adds up what its closing line counts.
check() {
  local folder=$1 log=$1/ctest.log line
  shift
  echo "== test $folder"
  ctest --test-dir "$folder" -j "$jobs" --output-on-failure --timeout 900 "$@" 2>&1 | tee "$log" |
    grep -v ' Passed '
  line="$(grep -E '^[0-9]+% tests passed, [0-9]+ tests failed out of [0-9]+' "$log" | tail -n 1)"
  if [[ $line =~ ,\ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]; then
    failed=$((failed + BASH_REMATCH[1]))
    passed=$((passed + BASH_REMATCH[2] - BASH_REMATCH[1]))
  else
    echo "== no test ran in $folder"
    failed=$((failed + 1))
  fi
}

# The rooms whose threads meet, for TSan.
readonly processes='aof|failover|full_sync|import|meanwhile|persistence|protected|replication'
readonly changes='role_change|user_changes'
readonly threaded="^(engine|net|replication|commands4|model)/|^process/($processes|$changes)"

build build all -- && check build

if [[ ${1:-} != --quick ]]; then
  clang=(-DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14)
  # Text and oracle are the same in every build; the transcripts with four threads are TSan's.
  build build/asan all -- "${clang[@]}" -DSANITIZE=address,undefined &&
    check build/asan -LE 'text|oracle|threads4'
  build build/tsan tsan_tests -- "${clang[@]}" -DSANITIZE=thread &&
    check build/tsan -R "$threaded"
fi

if [[ ${1:-} == long ]]; then
  for fuzzer in build/asan/tests/*_fuzz; do
    name="$(basename "$fuzzer" _fuzz)"
    echo "== fuzz $name for ten minutes"
    if "$fuzzer" -max_total_time=600 -timeout=10 -rss_limit_mb=2048 \
      -artifact_prefix="build/$name-" \
      "build/asan/tests/$name.new" "tests/fuzz/corpus/$name" > "build/$name.log" 2>&1; then
      passed=$((passed + 1))
    else
      tail -n 40 "build/$name.log"
      failed=$((failed + 1))
    fi
  done
  echo "== the process tests on a slow machine"
  LARDER_SLOW="$PWD/build/tests/libslow_machine.so" check build -R '^process/'
  echo "== 10,000 cut links"
  if LARDER_SERVER=build/larder-server LARDER_CUTS=10000 LARDER_SYNC_S=60 \
    tests/process/replication_stress_test.py Cuts FullSyncUnderLoad > build/links.log 2>&1; then
    grep 'no difference' build/links.log
    passed=$((passed + 1))
  else
    tail -n 60 build/links.log
    failed=$((failed + 1))
  fi
  echo "== the pair in containers"
  if tests/docker/pair_test.py > build/pair.log 2>&1; then
    # What was skipped has not passed.
    grep '^skipped' build/pair.log || passed=$((passed + 1))
  else
    tail -n 60 build/pair.log
    failed=$((failed + 1))
  fi
fi

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
