# shellcheck shell=bash disable=SC2034 # the scripts use what is set here
# What the scripts beside this file share. Sourced, never run.

# Everything that is built stays here, outside the clone, and is built again when it is gone.
CACHE=${SIGHTLINE_CACHE:-${HOME:-/root}/.cache/sightline}
ENGINES=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# The status that says "this machine cannot run it" (EX_UNAVAILABLE of sysexits.h): the caller may skip, with the
# reason that was printed. Every other status but 0 is a fault.
UNAVAILABLE=69

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
unavailable() { printf '%s: cannot run here: %s\n' "${0##*/}" "$*" >&2; exit "$UNAVAILABLE"; }

# wait_for SECONDS WHAT COMMAND...: until the command succeeds; false at the deadline.
wait_for() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { printf '%s: not in time: %s\n' "${0##*/}" "$what" >&2; return 1; }
    sleep 0.25
  done
}

# quietly LOG COMMAND...: shows what the command printed only when it fails.
quietly() {
  local log=$1
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; fail "failed, the whole output is in $log: $1"; }
}

# runs PIDFILE PROGRAM: whether that process lives and still is the program; a number alone may belong to another by now.
runs() {
  local pid
  pid=$(cat "$1" 2>/dev/null) && [ "$(basename "$(readlink "/proc/$pid/exe" 2>/dev/null)" 2>/dev/null)" = "$2" ]
}

# daemon PIDFILE LOG COMMAND...: starts a program that outlives this script, in a session of its own.
daemon() {
  local pidfile=$1 log=$2
  shift 2
  setsid nohup "$@" >>"$log" 2>&1 </dev/null &
  echo $! >"$pidfile"
}

# finish PIDFILE PROGRAM: ends a program that `daemon` started: asked first, killed after 10 s.
finish() {
  local pid
  if runs "$1" "$2"; then
    pid=$(cat "$1")
    kill "$pid"
    wait_for 10 "the end of $2" ended "$1" "$2" || kill -9 "$pid"
  fi
  rm -f "$1"
}
ended() { ! runs "$1" "$2"; }
