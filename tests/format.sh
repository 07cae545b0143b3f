#!/usr/bin/env bash
# Checks that clang-format-14 would change nothing; with --fix it makes it so.
set -euo pipefail

unset CDPATH
cd "$(dirname "$0")/.."
arguments=(--dry-run -Werror)
[[ ${1:-} == --fix ]] && arguments=(-i)
find . -path './build*' -prune -o \( -name '*.h' -o -name '*.cc' \) -print0 |
  xargs -0 clang-format-14 "${arguments[@]}"
