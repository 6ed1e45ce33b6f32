# shellcheck shell=bash
# Building programs from Go modules. Sourced after common.sh.

readonly GO_OLDEST=1.21    # the first that fetches the newer Go which a module asks for by itself
readonly GO_FETCHED=1.25.4 # where there is an older one, Debian 12's for example

# go_begin: checks Go, and gives this run caches of its own, removed at its end: a build leaves gigabytes behind, and
# whatever other Go caches there are on the machine are not ours to fill or to empty.
go_begin() {
  local stale
  "$ENGINES/packages.sh" go:golang-go
  # What a killed run could not remove: the folder's name ends with its process id.
  for stale in "$CACHE"/go.*; do
    [ ! -d "$stale" ] || kill -0 "${stale##*.}" 2>/dev/null || rm -rf "$stale"
  done
  GO_WORK=$CACHE/go.$$
  trap 'rm -rf "$GO_WORK"' EXIT
  trap 'exit 1' INT TERM
  mkdir -p "$GO_WORK"
  export GOMODCACHE=$GO_WORK/modules GOCACHE=$GO_WORK/builds CGO_ENABLED=0
  # Module files are read-only unless asked otherwise, and then `rm` could not remove them.
  export GOFLAGS='-buildvcs=false -mod=mod -modcacherw'
  go_is_new || go_fetch
}

go_is_new() {
  local have
  have=$(go env GOVERSION)
  [ "$(printf '%s\n' "$GO_OLDEST" "${have#go}" | sort -V | head -n 1)" = "$GO_OLDEST" ]
}

# go_fetch: newer Go is a module like any other, but only a newer Go marks its programs as such.
go_fetch() {
  local root
  root=$(go_source "golang.org/toolchain@v0.0.1-go$GO_FETCHED.linux-amd64")
  [ -d "$root" ] || unavailable "Go $GO_OLDEST or newer is missing (https://go.dev/dl)"
  chmod +x "$root"/bin/* "$root"/pkg/tool/*/*
  export PATH=$root/bin:$PATH
}

# go_source MODULE@VERSION: the folder of the module's source.
go_source() { (cd "$GO_WORK" && go mod download -json "$1") | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }

# go_program MODULE@VERSION PACKAGE OUT [LDFLAGS]: builds one program in a copy of its module, where the module's own
# `replace` lines count; `go install` refuses modules that have them.
go_program() {
  local source copy=$GO_WORK/source
  source=$(go_source "$1")
  [ -d "$source" ] || fail "no source of $1"
  rm -rf "$copy"
  cp -r "$source" "$copy"
  chmod -R u+w "$copy"
  mkdir -p "$(dirname "$3")"
  (cd "$copy" && go build -trimpath -ldflags "-s -w ${4-}" -o "$3.part" "./$2")
  mv "$3.part" "$3"
}
