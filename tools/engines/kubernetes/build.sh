# shellcheck shell=bash
# Kubernetes' programs, built from their Go modules. Sourced by kubernetes.sh.

readonly KUBERNETES_PROGRAMS=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)

built() { has "${KUBERNETES_PROGRAMS[@]}" coredns pause; }

# has PROGRAM...: whether all of them are there, also after a build that was interrupted between two of them.
has() {
  local program
  for program; do [ -x "$BIN/$program" ] || return 1; done
}

build() {
  built && return
  mkdir -p "$BIN"
  if ! has "${KUBERNETES_PROGRAMS[@]}"; then
    go_begin
    say "building Kubernetes $VERSION: 10 to 17 minutes on two cores ..."
    build_kubernetes
  fi
  if ! has coredns; then
    go_begin
    say "building CoreDNS $COREDNS_VERSION ..."
    build_coredns
  fi
  has pause || build_pause
  say "Kubernetes $VERSION is built: $(du -sh "$BIN" | cut -f1) in $BIN"
}

# The module of Kubernetes asks for its own libraries as v0.0.0 and replaces them by folders that its archive lacks. A
# module of ours puts the published ones, v0.X.Y for v1.X.Y, in their place.
build_kubernetes() {
  local source wrap=$GO_WORK/kubernetes out=$GO_WORK/out version=k8s.io/component-base/version
  mkdir -p "$wrap" "$out"
  source=$(go_source "k8s.io/kubernetes@$VERSION")
  awk -v version="$VERSION" -v libraries="v0.${VERSION#v1.}" '
    BEGIN { print "module wrap\nrequire k8s.io/kubernetes " version }
    /^module / { next }
    /=> \.\/staging/ { sub(/^replace /, ""); print "replace " $1 " => " $1 " " libraries; next }
    /^replace \(/ { inside = 1; next }
    inside && /^\)/ { inside = 0; next }
    { gsub(/ v0\.0\.0$/, " " libraries); gsub(/ v0\.0\.0 /, " " libraries " "); print }' "$source/go.mod" >"$wrap/go.mod"
  cp "$source/go.sum" "$wrap/go.sum"
  (cd "$wrap" && quietly "$CACHE/logs/go-kubernetes.log" nice -n 19 go build -trimpath \
    -ldflags "-s -w -X $version.gitVersion=$VERSION -X $version.gitMajor=1 -X $version.gitMinor=$(cut -d. -f2 <<<"$VERSION")" \
    -o "$out/" "${KUBERNETES_PROGRAMS[@]/#/k8s.io/kubernetes/cmd/}")
  mv "$out"/* "$BIN/"
}

# With the plugins that a cluster's names need: the stock program pulls in every cloud's library.
build_coredns() {
  local wrap=$GO_WORK/coredns plugin
  mkdir -p "$wrap"
  {
    printf 'package main\n\nimport (\n\t"github.com/coredns/coredns/coremain"\n'
    for plugin in bind cache errors forward kubernetes; do printf '\t_ "github.com/coredns/coredns/plugin/%s"\n' "$plugin"; done
    printf ')\n\nfunc main() { coremain.Run() }\n'
  } >"$wrap/main.go"
  (
    cd "$wrap"
    quietly "$CACHE/logs/go-coredns.log" go mod init wrap
    quietly "$CACHE/logs/go-coredns.log" go get "github.com/coredns/coredns@$COREDNS_VERSION"
    quietly "$CACHE/logs/go-coredns.log" nice -n 19 go build -trimpath -ldflags '-s -w' -o "$BIN/coredns.part" .
  )
  mv "$BIN/coredns.part" "$BIN/coredns"
}

# The program that holds a pod's namespaces open: it sleeps, buries orphans, and ends when told.
build_pause() {
  "$ENGINES/packages.sh" gcc:gcc /usr/include/stdlib.h:libc6-dev
  gcc -O2 -static -s -o "$BIN/pause" -x c - <<'C'
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int number) { (void)number; _exit(0); }
static void bury(int number) { (void)number; while (waitpid(-1, 0, WNOHANG) > 0) {} }
int main(void) {
  signal(SIGINT, end);
  signal(SIGTERM, end);
  signal(SIGCHLD, bury);
  for (;;) pause();
}
C
}
