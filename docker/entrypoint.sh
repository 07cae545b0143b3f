#!/bin/sh
# Starts what the container is for, with the conventions of Redis' own image:
#
#   docker run larder                                  larder-server with /etc/larder/larder.conf
#   docker run larder --maxmemory 1gb                  ... and these directives
#   docker run larder larder-server --maxmemory 1gb    the same; so is redis-server
#   docker run larder /data/larder.conf                a file of your own
#   docker run larder redis-sentinel                   a Sentinel with /data/sentinel.conf
#   docker run larder redis-cli -h primary PING        any other program
#
# A file in /data that does not exist yet is made from the one in /etc/larder, with the lines of
# $LARDER_FIRST_CONFIG behind it, so that what CONFIG REWRITE or Sentinel write there lasts.
set -eu
umask 0077 # passwords, data: what is written under /data is nobody else's

folder="${LARDER_ETC:-/etc/larder}"

# make FILE TEMPLATE: the file, from the template where there is none. It gets its name when it is
# whole: the next start would take a part of it, without the role or the password, for all.
make() {
  [ -e "$1" ] && return 0
  if [ ! -d "$(dirname "$1")" ]; then
    echo "entrypoint.sh: there is no folder $(dirname "$1") for $1: mount a volume there, or keep" \
      "the file in /data" >&2
    exit 1
  fi
  if ! { { cat "$folder/$2" && printf '%s\n' "${LARDER_FIRST_CONFIG:-}"; } > "$1.new" &&
    sync "$1.new" && mv "$1.new" "$1"; }; then
    rm -f "$1.new"
    echo "entrypoint.sh: $1 can't be written by user $(id -u): unless the disk is full, chown the" \
      "volume to that user, or run the container with --user" >&2
    exit 1
  fi
}

case "${1:-}" in
  -*) set -- larder-server "$@" ;;
  *.conf) set -- larder-server "$@" ;;
esac

case "${1:-}" in
  larder-server | redis-server)
    shift
    case "${1:-}" in
      -v | --version | -h | --help) ;;
      *.conf) make "$1" larder.conf ;;
      *) set -- "$folder/larder.conf" "$@" ;;
    esac
    set -- larder-server "$@"
    ;;
  redis-sentinel)
    shift
    case "${1:-}" in
      -v | --version | -h | --help) ;;
      *.conf) make "$1" sentinel.conf ;;
      *)
        make sentinel.conf sentinel.conf
        set -- sentinel.conf "$@"
        ;;
    esac
    set -- redis-sentinel "$@"
    ;;
esac

exec "$@"
