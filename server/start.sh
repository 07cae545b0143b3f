#!/usr/bin/env bash
# Runs larder on this machine: installs what is missing, builds it into build/, starts it in the
# foreground on 127.0.0.1:6379, and says what to tell Magento. Arguments go to larder-server:
#
#   server/start.sh --port 6380 --maxmemory 2gb
#
# LARDER_BUILD names another build folder.
set -euo pipefail

root="$(cd "$(dirname "$0")/.." && pwd)"
build="${LARDER_BUILD:-$root/build}"

# What the configuration file (the first argument, where it is no option) and the other arguments
# say of a directive; the last one counts.
given() {
  local directive=$1 value= previous= argument
  shift
  if [[ -f ${1:-} ]]; then
    value="$(awk -v name="$directive" 'tolower($1) == name { last = $2 } END { print last }' "$1")"
  fi
  for argument in "$@"; do
    [[ ${previous,,} == "--$directive" ]] && value=$argument
    previous=$argument
  done
  echo "$value"
}
port="$(given port "$@")"
port="${port:-6379}"
# It is not shown: the lines say where it belongs.
password="$(given requirepass "$@")"
password="${password:+PASSWORD}"

if [[ $port != 0 ]] && (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
  echo "start.sh: something listens on 127.0.0.1:$port already, perhaps a redis-server." >&2
  echo "start.sh: stop it, or take another port: server/start.sh --port 6380" >&2
  exit 1
fi

"$root/server/install.sh" build

# A folder that is configured already stays what it is; only a new one becomes Release.
if [[ ! -f $build/build.ninja ]]; then
  cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release > /dev/null
fi
ninja -C "$build" larder-server

"$root/server/magento.sh" 127.0.0.1 "$port" "$password"
echo
echo "larder listens on 127.0.0.1:$port. Ctrl-C stops it."
exec "$build/larder-server" "$@"
