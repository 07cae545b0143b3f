#!/usr/bin/env bash
# Installs what is missing of one or more sections of server/packages.txt:
#
#   server/install.sh build test
#
# Needs root, or sudo, only when something is missing.
set -euo pipefail

list="$(dirname "$0")/packages.txt"

# Every package of the sections named.
packages() {
  local section
  for section in "$@"; do
    if ! grep -qx "\[$section\]" "$list"; then
      echo "install.sh: no section [$section] in $list" >&2
      exit 2
    fi
    sed -n "/^\[$section\]/,/^\[/p" "$list" | sed 's/#.*//' | awk 'NF && !/^\[/ {print $1}'
  done
}

if ! command -v dpkg-query > /dev/null; then
  echo "install.sh: this is no Debian. Install the counterparts of $list by hand." >&2
  exit 1
fi

wanted="$(packages "$@")" # by itself, or its failure would be none of ours
missing=()
for package in $wanted; do
  status="$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)"
  # A program of that name, from wherever, will do: npm comes with some builds of nodejs.
  [[ $status == installed ]] || command -v "$package" > /dev/null || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo > /dev/null; then
    echo "install.sh: missing: ${missing[*]}" >&2
    echo "install.sh: run it as root, or install sudo, or install these by hand." >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing: ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -q -y --no-install-recommends "${missing[@]}"
