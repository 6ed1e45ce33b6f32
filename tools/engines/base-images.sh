#!/usr/bin/env bash
# base-images.sh [NAME...]     NAME: python jre maven kafka prometheus; none means all. Also debian, jdk
# Sees to it that the images which our Dockerfiles and docker-compose.yml start from are on this machine: there already,
# pulled from a registry, or, where none answers, built from Debian and Maven packages under the same names (see
# base-images/README.md).
set -euo pipefail
. "$(dirname "$0")/common.sh"

readonly LABEL=sightline.stand-in
readonly CERTIFICATES=/etc/ssl/certs/ca-certificates.crt
declare -rA TAG=(
  [debian]=debian:bookworm-slim [python]=python:3.11-slim-bookworm
  [jre]=eclipse-temurin:17-jre [jdk]=eclipse-temurin:17-jdk [maven]=maven:3.9-eclipse-temurin-17
  [kafka]=apache/kafka:4.3.1 [prometheus]=prom/prometheus:v3.5.0
)
declare -rA BASES=([python]=debian [jre]=debian [jdk]=jre [maven]=jdk [kafka]='jre maven' [prometheus]=debian)
readonly ALL=(python jre maven kafka prometheus) # debian and jdk only where another is built on them
# The legacy builder: buildx fetches its own parts from a registry. Loaded images are the same for both.
export DOCKER_BUILDKIT=0

label() { docker image inspect -f "{{index .Config.Labels \"$LABEL\"}}" "${TAG[$1]}" 2>/dev/null; }
exists() { docker image inspect "${TAG[$1]}" >/dev/null 2>&1; }

# key NAME: changes with whatever the stand-in is made of.
key() {
  local base
  {
    for base in ${BASES[$1]-}; do key "$base"; done
    if [ "$1" = debian ]; then
      cat "$CERTIFICATES"
      declare -f bootstrap import
    else
      find "$ENGINES/base-images/$1" -type f | sort | xargs cat
    fi
  } | sha256sum | cut -c1-16
}

# A registry that did not answer for one image is not asked for the next: each attempt may wait for a time-out.
registry=unknown
pull() {
  [ "$registry" != silent ] || return 1
  if timeout 300 docker pull -q "${TAG[$1]}" >/dev/null 2>&1; then return 0; fi
  registry=silent
  return 1
}

ensure() {
  local name=$1 base wanted
  if exists "$name"; then
    # Without the label it is a real one, and stays.
    [ -n "$(label "$name")" ] || return 0
    wanted=$(key "$name")
    [ "$(label "$name")" != "$wanted" ] || return 0
  elif pull "$name"; then
    say "pulled ${TAG[$name]}"
    return 0
  fi
  for base in ${BASES[$name]-}; do ensure "$base"; done
  say "building a stand-in for ${TAG[$name]} ..."
  if [ "$name" = debian ]; then import; else build "$name"; fi
}

build() {
  quietly "$CACHE/logs/base-image-$1.log" \
    docker build --label "$LABEL=$(key "$1")" -t "${TAG[$1]}" "$ENGINES/base-images/$1"
}

import() {
  local archive
  archive=$CACHE/images/debian-$(key debian).tar
  [ -s "$archive" ] || bootstrap "$archive"
  docker import -c 'CMD ["bash"]' -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    -c "ENV SSL_CERT_FILE=$CERTIFICATES" -c "ENV PIP_CERT=$CERTIFICATES" -c "ENV REQUESTS_CA_BUNDLE=$CERTIFICATES" \
    -c "LABEL $LABEL=$(key debian)" "$archive" "${TAG[debian]}" >/dev/null
}

# bootstrap ARCHIVE: a minimal Debian that installs from where this machine does and trusts whom it trusts, since behind
# a company's proxy pip, apt and Maven work in a build only then.
bootstrap() {
  local root
  [ "$(id -u)" = 0 ] || unavailable 'no registry answers, and only root can bootstrap Debian'
  "$ENGINES/packages.sh" debootstrap:debootstrap
  mkdir -p "$CACHE/images"
  rm -f "$CACHE"/images/debian-*.tar
  root=$(mktemp -d "$CACHE/images/root.XXXXXX")
  chmod 755 "$root" # it becomes the image's /, and mktemp lets nobody else in
  quietly "$CACHE/logs/debootstrap.log" debootstrap --variant=minbase --include=ca-certificates,openssl bookworm "$root"
  rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb \
    "$root"/usr/share/{doc,man,locale}/* "$root"/var/log/* "$root/etc/apt/sources.list"
  cp /etc/apt/sources.list "$root/etc/apt/" 2>/dev/null || true
  cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/" 2>/dev/null || true
  cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
  quietly "$CACHE/logs/certificates.log" chroot "$root" update-ca-certificates
  tar -C "$root" -c . >"$1.part"
  mv "$1.part" "$1"
  rm -rf "$root"
}

docker version >/dev/null 2>&1 || unavailable 'no Docker engine answers: make engine-docker'
[ $# -gt 0 ] || set -- "${ALL[@]}"
for name; do
  [ -n "${TAG[$name]-}" ] || fail "unknown base image: $name (one of ${!TAG[*]})"
  ensure "$name"
done
say "base images are here: $*"
