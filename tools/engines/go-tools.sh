#!/usr/bin/env bash
# go-tools.sh NAME...     NAME: helm helm-unittest kubeconform docker-compose
# Sees to it that these programs are in the cache's bin folder in the versions below, built from their Go modules: where
# only package registries answer there is no other way to have them. helm-unittest becomes a Helm plugin
# (HELM_PLUGINS=.../helm-plugins), docker-compose a plugin of the Docker client, unless that has one.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$ENGINES/go.sh"

BIN=$CACHE/bin
declare -rA VERSION=([helm]=v3.22.0 [helm-unittest]=v1.1.2 [kubeconform]=v0.8.0 [docker-compose]=v5.5.1)
declare -rA MODULE=(
  [helm]=helm.sh/helm/v3 [helm-unittest]=github.com/helm-unittest/helm-unittest
  [kubeconform]=github.com/yannh/kubeconform [docker-compose]=github.com/docker/compose/v5
)
declare -rA PACKAGE=([helm]=cmd/helm [helm-unittest]=cmd/helm-unittest [kubeconform]=cmd/kubeconform [docker-compose]=cmd)
# The Kubernetes whose objects Helm takes for granted where it cannot ask a cluster; without it, that of 2020.
readonly KUBERNETES_MINOR=34

flags() {
  local helm=helm.sh/helm/v3
  case $1 in
    helm)
      printf -- '-X %s/internal/version.version=%s' "$helm" "${VERSION[helm]}"
      for variable in pkg/chartutil pkg/lint/rules; do
        printf -- ' -X %s/%s.k8sVersionMajor=1 -X %s/%s.k8sVersionMinor=%s' \
          "$helm" "$variable" "$helm" "$variable" "$KUBERNETES_MINOR"
      done
      ;;
    docker-compose) printf -- '-X %s/internal.Version=%s' "${MODULE[$1]}" "${VERSION[$1]}" ;;
  esac
}

# A built program's version and flags are written down beside it: not every program can say them itself.
stamp() { printf '%s %s\n' "${VERSION[$1]}" "$(flags "$1")"; }
built() { [ -x "$BIN/$1" ] && [ "$(cat "$BIN/.$1" 2>/dev/null)" = "$(stamp "$1")" ]; }

build() {
  [ -n "${GO_WORK-}" ] || go_begin
  say "building $1 ${VERSION[$1]} ..."
  rm -f "$BIN/.$1"
  quietly "$CACHE/logs/go-$1.log" \
    go_program "${MODULE[$1]}@${VERSION[$1]}" "${PACKAGE[$1]}" "$BIN/$1" "$(flags "$1")"
  stamp "$1" >"$BIN/.$1"
}

# install_plugin NAME: what makes the program found by the one that it is a plugin of.
install_plugin() {
  local plugin
  case $1 in
    helm-unittest)
      plugin=$CACHE/helm-plugins/helm-unittest
      mkdir -p "$plugin"
      printf 'name: unittest\nversion: %s\nusage: unit tests for charts\ndescription: unit tests for charts\ncommand: %s\n' \
        "${VERSION[$1]#v}" "$BIN/helm-unittest" >"$plugin/plugin.yaml"
      ;;
    docker-compose)
      plugin=${HOME:-/root}/.docker/cli-plugins/docker-compose
      if [ ! -e "$plugin" ] && ! docker compose version >/dev/null 2>&1; then
        mkdir -p "$(dirname "$plugin")"
        ln -sf "$BIN/docker-compose" "$plugin" # -f: a link whose target is gone is still in the way
      fi
      ;;
  esac
}

[ $# -gt 0 ] || { sed -n '2,5s/^# //p' "$0"; exit 2; }
for name; do
  [ -n "${VERSION[$name]-}" ] || fail "unknown tool: $name (one of ${!VERSION[*]})"
done
for name; do
  # A Docker client that has the plugin needs none of ours.
  [ "$name" = docker-compose ] && docker compose version >/dev/null 2>&1 && ! [ -e "$BIN/$name" ] && continue
  built "$name" || build "$name"
  install_plugin "$name"
done
