#!/bin/sh
# The container's HEALTHCHECK: a server that answers is alive, also while it loads, wants a
# password, waits for its primary, can't save or is full. $LARDER_PORT where it is not the usual one
# of what runs here.
port="${LARDER_PORT:-6379}"
# The first program of ours there decides: an init may come before it, and any word behind it.
program="$(cat /proc/1/cmdline 2> /dev/null | tr '\0 ' '\n\n' |
  grep -m 1 -oE '(^|/)(redis-sentinel|larder-server)$')"
[ "${program##*/}" = redis-sentinel ] && port="${LARDER_PORT:-26379}"
unset REDISCLI_AUTH # "AUTH failed" would come before the answer, and NOAUTH is one
case "$(timeout 3 redis-cli -p "$port" PING 2>&1)" in
  PONG | LOADING* | NOAUTH* | NOPERM* | MASTERDOWN* | MISCONF* | BUSY* | HAJOINING*) exit 0 ;;
  "ERR max number of clients reached"*) exit 0 ;;
esac
exit 1
