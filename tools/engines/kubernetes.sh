#!/usr/bin/env bash
# kubernetes.sh up|down|status|built|build|load IMAGE...|volumes COUNT
# A real Kubernetes of one node for the tests: etcd, API server, controllers, scheduler, kubelet on containerd, kube-proxy
# and CoreDNS as processes of this machine; nothing of it listens beyond 127.0.0.1 and the pods' own bridge.
#   up       builds what is missing, starts what does not run, returns when the node is Ready
#   built    whether its programs are there: status 0 or 1
#   load     copies images of the Docker engine into the cluster; those that it has already are left out
#   volumes  makes so many more persistent volumes (up makes some)
#   down     ends everything; loaded images stay, so that the next up is quick
# Kubeconfig: /var/lib/sightline-kubernetes/admin.conf, there while the cluster is up. Status 69: it cannot run here.
# shellcheck disable=SC2317 # the last line's `exit` makes it take the functions for unreachable
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$ENGINES/go.sh"

readonly VERSION=v1.34.4 # the last minor that takes cgroups v1 unasked, and containerd 1.6, Debian 12's
readonly COREDNS_VERSION=v1.15.0
BIN=$CACHE/kubernetes-$VERSION
readonly STATE=/var/lib/sightline-kubernetes RUN=/run/sightline-kubernetes
readonly PKI=$STATE/pki LOGS=$STATE/logs PIDS=$STATE/pids
readonly NODE=node1 BRIDGE=sightline0 NODE_IP=10.244.0.1 PODS=10.244.0.0/24 SERVICES=10.96.0.0/16 API_SERVICE_IP=10.96.0.1
readonly SOCKET=$RUN/containerd.sock PAUSE_IMAGE=docker.io/sightline/pause:1
readonly ETCD=127.0.0.1:23790 VOLUMES_AT_START=8
export KUBECONFIG=$STATE/admin.conf
export PATH=$BIN:$PATH

. "$ENGINES/kubernetes/build.sh"
. "$ENGINES/kubernetes/configure.sh"
. "$ENGINES/kubernetes/machine.sh"

running() { runs "$PIDS/$1" "$1"; }
# start PROGRAM ARGUMENTS...
start() { running "$1" || daemon "$PIDS/$1" "$LOGS/$1.log" "$@"; }
containers() { ctr -a "$SOCKET" -n k8s.io "$@"; }
answers() { running kube-apiserver && kubectl get --raw /readyz; }
# ready WHAT COMMAND...: waits a minute, and shows the logs' ends when that was not enough.
ready() { wait_for 60 "$@" || { tail -n 5 "$LOGS"/*.log >&2; fail "the cluster did not start; its logs are in $LOGS"; }; }

require_machine() {
  [ "$(id -u)" = 0 ] || unavailable 'only root can start a cluster'
  "$ENGINES/packages.sh" etcd:etcd-server etcdctl:etcd-client containerd:containerd runc:runc \
    /usr/lib/cni/bridge:containernetworking-plugins iptables:iptables conntrack:conntrack ip:iproute2 openssl:openssl \
    sysctl:procps
  # Two of them would fight over the rules of the firewall, and our `down` would remove the other's.
  local other
  for other in $(pgrep -x kubelet || true); do
    [ "$other" = "$(cat "$PIDS/kubelet" 2>/dev/null)" ] || unavailable "another Kubernetes runs on this machine (kubelet $other)"
  done
}

up() {
  require_machine
  build
  (umask 077 && mkdir -p "$PKI" "$LOGS" "$PIDS" "$RUN")
  certificates
  # kube-proxy ends when its file is written anew, so a cluster that runs keeps its files.
  running kube-proxy || configuration
  network_up
  start_control_plane
  start_node
  storage
  say "Kubernetes $VERSION is up: export KUBECONFIG=$KUBECONFIG"
}

start_control_plane() {
  local peer=http://127.0.0.1:23800
  # Without fsync: a test's cluster need not survive the loss of power.
  start etcd --data-dir "$STATE/etcd" --unsafe-no-fsync --listen-client-urls "http://$ETCD" --advertise-client-urls "http://$ETCD" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
  ready etcd env ETCDCTL_API=3 etcdctl --endpoints "$ETCD" endpoint health
  start_api_server
  ready 'the API server' answers
  say 'the API server is ready'
  start kube-controller-manager --kubeconfig="$KUBECONFIG" --root-ca-file="$PKI/ca.crt" --leader-elect=false \
    --service-account-private-key-file="$PKI/service-accounts.key" --bind-address=127.0.0.1
  start kube-scheduler --kubeconfig="$KUBECONFIG" --leader-elect=false --bind-address=127.0.0.1
}

start_api_server() {
  start kube-apiserver --etcd-servers="http://$ETCD" --bind-address="$NODE_IP" --secure-port=6443 --advertise-address="$NODE_IP" \
    --service-cluster-ip-range="$SERVICES" --authorization-mode=RBAC --allow-privileged=true \
    --client-ca-file="$PKI/ca.crt" --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$PKI/service-accounts.pub" \
    --service-account-signing-key-file="$PKI/service-accounts.key" \
    --kubelet-client-certificate="$PKI/admin.crt" --kubelet-client-key="$PKI/admin.key" \
    --kubelet-certificate-authority="$PKI/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --requestheader-client-ca-file="$PKI/ca.crt" --requestheader-allowed-names=front-proxy \
    --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- \
    --proxy-client-cert-file="$PKI/front-proxy.crt" --proxy-client-key-file="$PKI/front-proxy.key"
}

start_node() {
  start containerd -c "$STATE/containerd.toml"
  ready containerd containers version
  pause_image
  start kubelet --config="$STATE/kubelet.yaml" --kubeconfig="$KUBECONFIG" --root-dir="$STATE/kubelet" \
    --hostname-override="$NODE" --node-ip="$NODE_IP" --cert-dir="$PKI"
  start kube-proxy --config="$STATE/proxy.yaml"
  start coredns -conf "$STATE/Corefile"
  ready 'the node' kubectl wait --for=condition=Ready --timeout=1s "node/$NODE"
  ready 'the default service account' kubectl get serviceaccount default
  ready CoreDNS runs_dns
}
# A name that every cluster has, asked for as pods ask.
runs_dns() { running coredns && python3 "$ENGINES/kubernetes/resolve.py" "$NODE_IP" kubernetes.default.svc.cluster.local; }

# The image of the pods' sandboxes, made here: kubelet pulls it from a registry otherwise.
pause_image() {
  containers images ls -q | grep -qx "$PAUSE_IMAGE" && return
  python3 "$ENGINES/kubernetes/pause_image.py" "$BIN/pause" "$PAUSE_IMAGE" | containers images import - >/dev/null
}

storage() {
  kubectl get storageclass folder >/dev/null 2>&1 && return
  storage_class | kubectl apply -f - >/dev/null
  volumes "$VOLUMES_AT_START"
}

volumes() {
  local first number
  first=$(kubectl get persistentvolumes --no-headers 2>/dev/null | wc -l)
  for ((number = first; number < first + $1; number++)); do volume "$number" | kubectl apply -f - >/dev/null; done
}

# load IMAGE...: a file per image remembers the id that was loaded, since copying a large one takes half a minute.
load() {
  local image id mark
  answers >/dev/null || fail 'the cluster is not up'
  mkdir -p "$STATE/loaded"
  for image; do
    id=$(docker image inspect -f '{{.Id}}' "$image") || fail "the Docker engine has no image $image"
    mark=$STATE/loaded/${image//[^a-zA-Z0-9.-]/_}
    if [ "$(cat "$mark" 2>/dev/null)" = "$id" ] && containers images ls -q | grep -qE "(^|/)$image\$"; then continue; fi
    docker save "$image" | containers images import - >/dev/null
    echo "$id" >"$mark"
    say "loaded $image"
  done
}

down() {
  [ -d "$STATE" ] || { say 'no cluster was started here'; return; }
  [ "$(id -u)" = 0 ] || fail 'only root can end the cluster'
  local program
  for program in kube-proxy coredns kubelet kube-scheduler kube-controller-manager kube-apiserver etcd; do
    finish "$PIDS/$program" "$program"
  done
  if running containerd; then
    containers_down
    finish "$PIDS/containerd" containerd
  fi
  mounts_down
  network_down
  # The next `up` is a new cluster; images, certificates and logs stay. Without this file no client waits for it in vain.
  rm -rf "$STATE"/{etcd,ipam,kubelet,volumes} "$KUBECONFIG"
  say 'the cluster is down'
}

status() {
  answers >/dev/null || fail 'the cluster is not up'
  kubectl get nodes,pods -A -o wide
}

main() {
  case ${1:-} in
    up | down | status | built) "$1" ;;
    build) require_machine && build ;;
    load | volumes) [ $# -gt 1 ] || fail "$1 what?"; "$@" ;;
    *) sed -n '2,10s/^# //p' "$0"; exit 2 ;;
  esac
}

# On one line, which is read as a whole, so that this file may change during the half hour of a build.
main "$@"; exit
