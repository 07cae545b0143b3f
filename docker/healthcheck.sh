#!/bin/sh
# The container's HEALTHCHECK: a server that answers is alive, also while it loads, wants a
# password, waits for its primary, can't save or is full. $LARDER_PORT where it is not the usual one
# of what runs here.
port="${LARDER_PORT:-6379}"
case "$(cat /proc/1/cmdline 2> /dev/null)" in
  *sentinel*) port="${LARDER_PORT:-26379}" ;;
esac
case "$(timeout 3 redis-cli -p "$port" PING 2>&1)" in
  PONG | LOADING* | NOAUTH* | NOPERM* | MASTERDOWN* | MISCONF* | BUSY* | HAJOINING*) exit 0 ;;
  "ERR max number of clients reached"*) exit 0 ;;
esac
exit 1
