#!/usr/bin/env bash
# packages.sh WHAT:PACKAGE...
# Installs each Debian package whose WHAT (a command, or a file by its whole path) is missing. Where this may not be
# done it names what is missing and ends with status 69.
set -euo pipefail
. "$(dirname "$0")/common.sh"

missing=()
for pair; do
  what=${pair%%:*}
  case $what in
    /*) [ -e "$what" ] || missing+=("${pair#*:}") ;;
    *) command -v "$what" >/dev/null || missing+=("${pair#*:}") ;;
  esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || unavailable "missing, and this is no Debian: ${missing[*]}"
[ "$(id -u)" = 0 ] || unavailable "missing: apt-get install ${missing[*]}"

# A package's service (etcd, Prometheus) must not start by itself: what is needed is started here, on ports of its own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
say "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
quietly "$CACHE/logs/apt-update.log" apt-get update -q
quietly "$CACHE/logs/apt-install.log" apt-get install -y -q --no-install-recommends "${missing[@]}"
