#!/usr/bin/env bash
# docker-engine.sh up|down|status
# A Docker engine for the tests. One that answers already is used as it is; else Debian's is installed and started.
# `down` ends only an engine that `up` started. Status 69: none can run on this machine.
set -euo pipefail
. "$(dirname "$0")/common.sh"

ROOT=${SIGHTLINE_DOCKER_ROOT:-} # the tests have one of their own
STATE=$ROOT/var/lib/sightline-docker
PIDFILE=$STATE/dockerd.pid
UNIT=$ROOT/run/sightline-docker # there when systemd started the engine for us; gone with the next boot
LOG=$STATE/dockerd.log
readonly SYS_ADMIN=21 # the bit of the capability that mounts and namespaces need

answers() { docker version >/dev/null 2>&1; }
may_mount() { (((0x$(awk '/^CapEff/ { print $2 }' /proc/self/status) >> SYS_ADMIN) & 1)); }

up() {
  if answers; then
    say "a Docker engine answers: $(docker version --format '{{.Server.Version}}')"
    return
  fi
  [ "$(id -u)" = 0 ] || unavailable "no Docker engine answers, and only root can start one"
  may_mount || unavailable "no Docker engine answers, and this container may not mount (no CAP_SYS_ADMIN)"
  "$ENGINES/packages.sh" dockerd:docker.io iptables:iptables
  mkdir -p "$STATE"
  if [ -d "$ROOT/run/systemd/system" ]; then
    systemctl start docker
    touch "$UNIT"
  else
    start
  fi
  wait_for 60 "the Docker engine" answers || { tail -n 20 "$LOG" >&2; fail "the Docker engine did not start: $LOG"; }
  say "Docker engine $(docker version --format '{{.Server.Version}}') is up"
}

start() {
  # A killed engine leaves its pid file, and the next one refuses to start when another process has that number.
  runs /var/run/docker.pid dockerd || rm -f /var/run/docker.pid
  runs "$PIDFILE" dockerd || daemon "$PIDFILE" "$LOG" dockerd
}

down() {
  if [ -e "$UNIT" ]; then
    # The socket too: it would start the engine again for whoever asks next.
    systemctl stop docker.socket || say 'there is no socket to stop'
    systemctl stop docker
    rm "$UNIT"
  elif [ -e "$PIDFILE" ]; then
    finish "$PIDFILE" dockerd
  else
    say 'no engine was started here'
    return
  fi
  say 'the Docker engine is down'
}

case ${1:-} in
  up | down) "$1" ;;
  status) answers || fail 'no Docker engine answers'; docker version --format 'Docker engine {{.Server.Version}}' ;;
  *) sed -n '2,4s/^# //p' "$0"; exit 2 ;;
esac
