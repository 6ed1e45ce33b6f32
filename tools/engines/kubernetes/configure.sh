# shellcheck shell=bash
# Certificates and configuration files of the cluster's programs. Sourced by kubernetes.sh.

certificates() {
  [ ! -s "$PKI/front-proxy.crt" ] || return 0
  say 'making certificates'
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=sightline-test-ca -keyout "$PKI/ca.key" -out "$PKI/ca.crt" 2>/dev/null
  local names=IP:127.0.0.1,IP:$NODE_IP,IP:$API_SERVICE_IP,DNS:localhost name=DNS:kubernetes part
  for part in '' .default .svc .cluster.local; do name+=$part names+=,$name; done
  certificate apiserver /CN=kube-apiserver "subjectAltName=$names"
  certificate kubelet /CN=$NODE "subjectAltName=IP:$NODE_IP,DNS:$NODE"
  certificate admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
  openssl genrsa -out "$PKI/service-accounts.key" 2048 2>/dev/null
  openssl rsa -in "$PKI/service-accounts.key" -pubout -out "$PKI/service-accounts.pub" 2>/dev/null
  certificate front-proxy /CN=front-proxy extendedKeyUsage=clientAuth # the last: its file says that all are there
}

# certificate NAME SUBJECT EXTENSION
certificate() {
  openssl req -newkey rsa:2048 -nodes -subj "$2" -keyout "$PKI/$1.key" -out "$PKI/$1.csr" 2>/dev/null
  openssl x509 -req -in "$PKI/$1.csr" -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" -CAcreateserial -days 3650 \
    -out "$PKI/$1.crt" -extfile <(echo "$3") 2>/dev/null
}

configuration() {
  mkdir -p "$STATE/cni" "$STATE/volumes"
  configure_client
  configure_containers
  configure_node
}

configure_client() {
  cat >"$KUBECONFIG" <<C
apiVersion: v1
kind: Config
current-context: sightline
clusters: [{name: sightline, cluster: {server: "https://$NODE_IP:6443", certificate-authority: $PKI/ca.crt}}]
contexts: [{name: sightline, context: {cluster: sightline, user: admin}}]
users: [{name: admin, user: {client-certificate: $PKI/admin.crt, client-key: $PKI/admin.key}}]
C
}

configure_containers() {
  cat >"$STATE/cni/10-sightline.conflist" <<C
{"cniVersion": "0.4.0", "name": "sightline", "plugins": [
  {"type": "bridge", "bridge": "$BRIDGE", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$STATE/ipam", "routes": [{"dst": "0.0.0.0/0"}],
            "ranges": [[{"subnet": "$PODS", "rangeStart": "10.244.0.10", "gateway": "$NODE_IP"}]]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
C
  cat >"$STATE/containerd.toml" <<C
version = 2
root = "$STATE/containerd"
state = "$RUN/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = "$SOCKET"
[ttrpc]
  address = "$SOCKET.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE_IMAGE"
  # A machine that is a container itself may refuse the negative score which a pod's sandbox asks for.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$STATE/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
C
}

configure_node() {
  cat >"$STATE/kubelet.yaml" <<C
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_IP
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix://$SOCKET
clusterDNS: [$NODE_IP]
clusterDomain: cluster.local
tlsCertFile: $PKI/kubelet.crt
tlsPrivateKeyFile: $PKI/kubelet.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: AlwaysAllow}
enforceNodeAllocatable: []
localStorageCapacityIsolation: false
# A developer's disk may be nearly full for good: that is no reason to throw pods or images out.
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 100Mi, nodefs.available: "0%", imagefs.available: "0%", nodefs.inodesFree: "0%"}
nodeStatusUpdateFrequency: 4s
C
  cat >"$STATE/Corefile" <<C
.:53 {
  bind $NODE_IP
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $KUBECONFIG sightline
    ttl 5
  }
  cache 5
}
C
  cat >"$STATE/proxy.yaml" <<C
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: $PODS
hostnameOverride: $NODE
clientConnection: {kubeconfig: $KUBECONFIG}
conntrack: {maxPerCore: 0, min: 0}
# A NodePort is for this machine alone.
nodePortAddresses: [127.0.0.0/8]
metricsBindAddress: 127.0.0.1:10249
healthzBindAddress: 127.0.0.1:10256
C
}

# volume NUMBER: a persistent volume in a folder. The cluster makes none by itself, so claims find these waiting.
volume() {
  mkdir -p "$STATE/volumes/$1"
  chmod 0777 "$STATE/volumes/$1" # a folder of the host keeps its owner; pods run under theirs
  cat <<C
{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "volume-$1"}, "spec": {
  "capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "folder",
  "persistentVolumeReclaimPolicy": "Retain", "hostPath": {"path": "$STATE/volumes/$1"}}}
C
}

storage_class() {
  cat <<'C'
{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "provisioner": "kubernetes.io/no-provisioner",
 "volumeBindingMode": "WaitForFirstConsumer", "metadata": {"name": "folder",
  "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}}
C
}
