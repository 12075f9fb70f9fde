# shellcheck shell=bash
# While the static pods of this control plane are replaced. A kubelet starts a changed static pod once it has asked the API
# server of its own machine to delete the mirror pod of the old one. Where that pod is etcd, the API server waits for etcd, the
# kubelet for the API server and etcd for the kubelet, until the request is given up after half a minute
# (kubernetes/kubernetes#139502): so long the member is missed, whoever asks that API server waits in vain, and the kubelet
# tells nobody that its node lives. So the API server goes before etcd does, as one that is told to end (what it was asked it
# answers, others are sent elsewhere), and is ended in the very moment in which the kubelet waits for it: the request fails, etcd
# starts, and the API server with it. API_SERVER: of this machine.

ETCD_MANIFEST=/etc/kubernetes/manifests/etcd.yaml
# An API server that is told to end is rid of its last tasks by then.
CLOSING_SECONDS=5
# What the kubelet gives etcd to end, and somewhat more.
ENDING_SECONDS=45
# From the end of a static pod the kubelet takes four to eight seconds until it sees to the new one.
KUBELET_SECONDS=8
# kubeadm waits for longer.
MIRROR_SECONDS=120

# Another one has another inode.
etcd_manifest() { stat -c '%i %Y' "$ETCD_MANIFEST" 2>/dev/null || true; }

# pid_of PART: of its container's process; nothing: none runs.
pid_of() {
  local id
  id=$(running "$1")
  [[ -n $id ]] || return 0
  ctr -n k8s.io tasks ls 2>/dev/null | awk -v id="$id" '$1 == id { print $2 }' || true
}

# signal_api_server SIGNAL PID: unless it has ended, and the number is somebody else's.
signal_api_server() {
  local name=
  { read -r name <"/proc/$2/comm"; } 2>/dev/null || true
  [[ $name != kube-apiserver ]] || kill -s "$1" "$2" 2>/dev/null || true
}

has_ended() { [[ ! -e /proc/$1 ]]; }

# It refuses connections; one that only hangs does not.
api_server_refuses() {
  local code=0
  curl -sk --noproxy '*' -o /dev/null --max-time 1 "https://$API_SERVER/livez" || code=$?
  ((code == 7))
}

# wait_at_most SECONDS CMD…: until the command says yes.
wait_at_most() {
  local until=$((SECONDS + $1))
  shift
  until "$@" || ((SECONDS >= until)); do sleep 0.2; done
}

etcd_mirror() { kube -n kube-system get pod "etcd-$NODE_NAME" -o 'jsonpath={.metadata.annotations.kubernetes\.io/config\.hash}' 2>/dev/null; }

# mirror_follows OLD: a kubelet that could not delete it tries again a minute and a half later. It hears of it when somebody
# else does, and makes the new one, for which kubeadm waits.
mirror_follows() {
  local now
  now=$(etcd_mirror) || return
  [[ $now != "$1" ]] || kube -n kube-system delete pod "etcd-$NODE_NAME" --grace-period=0 --force --wait=false >/dev/null 2>&1
}

# Each time that another manifest of etcd is put in place, for ever.
yield_to_etcd() {
  local manifest before etcd mirror api
  before=$(etcd_manifest)
  while :; do
    manifest=$(etcd_manifest)
    if [[ -z $manifest || $manifest == "$before" ]]; then
      sleep 0.5
      continue
    fi
    before=$manifest
    etcd=$(pid_of etcd)
    api=$(pid_of kube-apiserver)
    [[ -n $etcd && -n $api ]] || continue
    mirror=$(etcd_mirror) || mirror=
    note 'etcd is replaced: the API server of this machine makes way, and comes back with it'
    signal_api_server TERM "$api"
    wait_at_most "$CLOSING_SECONDS" api_server_refuses
    # One that has ended is started anew at once, and then it is that one that is waited for.
    signal_api_server STOP "$api"
    wait_at_most "$ENDING_SECONDS" has_ended "$etcd"
    sleep "$KUBELET_SECONDS"
    signal_api_server KILL "$api"
    [[ -z $mirror ]] || wait_at_most "$MIRROR_SECONDS" mirror_follows "$mirror"
  done
}

start_yielding() {
  yield_to_etcd &
  yielding=$!
  trap stop_yielding EXIT
}

# Nothing is left that was told to stand still.
stop_yielding() {
  local api state=
  kill "$yielding" 2>/dev/null || true
  wait "$yielding" 2>/dev/null || true
  api=$(pid_of kube-apiserver)
  { read -r _ _ state _ <"/proc/$api/stat"; } 2>/dev/null || true
  [[ $state != T ]] || signal_api_server KILL "$api"
}
