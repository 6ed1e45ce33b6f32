# shellcheck shell=bash
# What the cluster changes on the machine outside its folder, and how that is undone. Sourced by kubernetes.sh.

network_up() {
  if ! ip link show "$BRIDGE" >/dev/null 2>&1; then
    ip link add "$BRIDGE" type bridge
    ip addr add "$NODE_IP/24" dev "$BRIDGE"
    ip link set "$BRIDGE" up
  fi
  # A service's address that no rule knows (yet) must not leave the machine by the default route.
  ip route replace "$SERVICES" dev "$BRIDGE"
  sysctl -qw net.ipv4.ip_forward=1
  # Where the kernel does not bridge through iptables, pods on one node reach each other without it.
  sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true
  local way
  for way in -i -o; do # a Docker engine forbids forwarding but for its own networks
    iptables -C FORWARD "$way" "$BRIDGE" -j ACCEPT 2>/dev/null || iptables -I FORWARD "$way" "$BRIDGE" -j ACCEPT
  done
}

network_down() {
  local way
  for way in -i -o; do iptables -D FORWARD "$way" "$BRIDGE" -j ACCEPT 2>/dev/null || true; done
  remove_rules iptables
  remove_rules ip6tables
  ip link del "$BRIDGE" 2>/dev/null || true
}

# remove_rules iptables|ip6tables: every KUBE- and CNI- chain of kube-proxy, kubelet and the bridge plugin, and every
# rule that leads to one. kube-proxy's own --cleanup leaves some.
remove_rules() {
  local save=$1-save table rule chain
  command -v "$save" >/dev/null || return 0
  "$save" 2>/dev/null | awk '/^\*/ { table = substr($1, 2) } /^-A .*(KUBE|CNI)-/ { sub(/^-A/, "-D"); print table, $0 }' |
    while read -r table rule; do
      xargs -r "$1" -t "$table" <<<"$rule" 2>/dev/null || true # xargs: it undoes the quotes of comments
    done
  "$save" 2>/dev/null | awk '/^\*/ { table = substr($1, 2) } /^:(KUBE|CNI)-/ { print table, substr($1, 2) }' |
    while read -r table chain; do
      "$1" -t "$table" -F "$chain" && "$1" -t "$table" -X "$chain"
    done 2>/dev/null || true
}

# containers_down: nothing of a pod outlives the kubelet otherwise, which never ends what it started.
containers_down() {
  local id
  for id in $(containers tasks ls -q 2>/dev/null); do containers tasks kill -s KILL "$id" 2>/dev/null || true; done
  wait_for 10 'the end of all containers' no_task_runs || true
  for id in $(containers containers ls -q 2>/dev/null); do
    containers tasks rm -f "$id" >/dev/null 2>&1 || true
    containers containers rm "$id" >/dev/null 2>&1 || true
  done
}
no_task_runs() { ! containers tasks ls 2>/dev/null | grep -q RUNNING; }

mounts_down() {
  local mount
  awk '{ print $2 }' /proc/mounts | grep -E "^($STATE|$RUN)/" | sort -r | while read -r mount; do
    umount "$mount" 2>/dev/null || umount -l "$mount" || true
  done
  # The network namespaces of pods, which containerd names so.
  for mount in $(pod_namespaces); do
    umount "$mount" 2>/dev/null || true
    rm -f "$mount"
  done
  # Only empty ones can be removed: another Kubernetes' are not.
  find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2>/dev/null || true
}
pod_namespaces() { find /run/netns -maxdepth 1 -name 'cni-*' 2>/dev/null; }
