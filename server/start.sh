#!/usr/bin/env bash
# Runs larder on this machine: installs what is missing, builds it into build/, starts it in the
# foreground on 127.0.0.1:6379, and says what to tell Magento. Arguments go to larder-server:
#
#   server/start.sh --port 6380 --maxmemory 2gb
#
# LARDER_BUILD names another build folder.
set -euo pipefail
unset CDPATH # of who has set it, cd prints where it goes

root="$(cd "$(dirname "$0")/.." && pwd)"
build="${LARDER_BUILD:-$root/build}"

# The configuration file (the first argument, where it is no option) and the other arguments, a line
# for each directive: an argument with two dashes begins one.
lines() {
  local argument
  if [[ -f ${1:-} ]]; then
    cat "$1"
    shift
  fi
  for argument in "$@"; do
    case $argument in
      --*) printf '\n%s' "${argument#--}" ;;
      *) printf ' %s' "$argument" ;;
    esac
  done
}

# What they say of a directive, without quotes; the last one counts.
given() {
  local directive=$1
  shift
  lines "$@" | awk -v name="$directive" '
    tolower($1) == name { last = $2 }
    END { gsub(/^["\047]|["\047]$/, "", last); print last }'
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

# A folder that the build folder was made with.
made_with() {
  sed -n "s/^$1:INTERNAL=//p" "$build/CMakeCache.txt"
}

# One that is configured already stays what it is; only a new one becomes Release. One that came
# along with a copy of the tree would build the sources that it was made for.
new=()
if [[ ! -f $build/CMakeCache.txt ]]; then
  new=(-G Ninja -DCMAKE_BUILD_TYPE=Release)
elif [[ ! ($(made_with CMAKE_HOME_DIRECTORY) -ef $root &&
  $(made_with CMAKE_CACHEFILE_DIR) -ef $build) ]]; then
  echo "start.sh: $build builds the sources in $(made_with CMAKE_HOME_DIRECTORY):" \
    "it was copied or moved." >&2
  echo "start.sh: remove it (rm -r $build), or name another folder with LARDER_BUILD." >&2
  exit 1
fi
cmake -S "$root" -B "$build" "${new[@]}" > /dev/null
cmake --build "$build" --target larder-server

"$root/server/magento.sh" 127.0.0.1 "$port" "$password"
echo
echo "larder listens on 127.0.0.1:$port. Ctrl-C stops it."
exec "$build/larder-server" "$@"
