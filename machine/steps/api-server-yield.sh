# shellcheck shell=bash
# While the static pods of this control plane are replaced. A kubelet starts a changed static pod once it has asked the API
# server of its own machine to delete the mirror pod of the old one. Where that pod is etcd, the API server waits for etcd, the
# kubelet for the API server and etcd for the kubelet, until the request is given up after half a minute
# (kubernetes/kubernetes#139502): so long the member is missed, whoever asks that API server waits in vain, and the kubelet
# tells nobody that its node lives. So the API server, which without its etcd does nothing for anybody, is ended while the
# kubelet waits for it: the request fails, and both start. Ended before, it would be started anew without etcd, and be waited for
# as well; and who is refused for long comes back late.

ETCD_MANIFEST=/etc/kubernetes/manifests/etcd.yaml
# From the end of a static pod the kubelet takes four to eight seconds until it sees to the new one.
KUBELET_SECONDS=9
# kubeadm waits for longer.
MIRROR_SECONDS=120

# pid_of ID: of a container's process; nothing: it does not run.
pid_of() { ctr -n k8s.io tasks ls 2>/dev/null | awk -v id="$1" '$1 == id { print $2 }' || true; }

# wait_at_most SECONDS CMD…: until the command says yes; whether it did.
wait_at_most() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < until)) || return 1
    sleep 0.2
  done
}

# runs_anew PART ID: in another container than this one.
runs_anew() {
  local id
  id=$(running "$1")
  [[ -n $id && $id != "$2" ]]
}

etcd_manifest() { sha256sum <"$ETCD_MANIFEST" 2>/dev/null || true; }

etcd_mirror() { kube -n kube-system get pod "etcd-$NODE_NAME" -o 'jsonpath={.metadata.annotations.kubernetes\.io/config\.hash}' 2>/dev/null; }

# mirror_follows OLD: a kubelet that could not delete it tries again up to a minute and a half later, and kubeadm waits for
# the new one. When somebody else deletes it the kubelet makes the new one at once.
mirror_follows() {
  local now
  now=$(etcd_mirror) || return
  [[ $now != "$1" ]] || kube -n kube-system delete pod "etcd-$NODE_NAME" --grace-period=0 --force --wait=false >/dev/null 2>&1
}

# yield_to_etcd MANIFEST: for each manifest of etcd that takes the place of this one, and of that one, for ever. An etcd that
# ends by itself is none of our business: the kubelet starts it again without a question.
yield_to_etcd() {
  local known=$1 manifest etcd pid mirror api
  while :; do
    etcd=$(running etcd)
    pid=$(pid_of "${etcd:-none}")
    if [[ -z $pid ]]; then
      sleep 1
      continue
    fi
    mirror=$(etcd_mirror) || mirror=
    while [[ -e /proc/$pid ]]; do sleep 0.2; done
    manifest=$(etcd_manifest)
    [[ $manifest != "$known" ]] || continue
    known=$manifest
    if ! wait_at_most "$KUBELET_SECONDS" runs_anew etcd "$etcd" && ! etcd_healthy "$ETCD_HERE"; then
      api=$(running kube-apiserver)
      note 'the kubelet waits for the API server of this machine, which waits for etcd: it is started anew, as etcd is'
      [[ -z $api ]] || ctr -n k8s.io tasks kill -s KILL "$api" 2>/dev/null || true
    fi
    [[ -z $mirror ]] || wait_at_most "$MIRROR_SECONDS" mirror_follows "$mirror" || true
  done
}

start_yielding() {
  local manifest
  # What is put in place from here on is another one.
  manifest=$(etcd_manifest)
  yield_to_etcd "$manifest" &
  yielding=$!
  trap stop_yielding EXIT
}

stop_yielding() {
  trap - EXIT
  kill "$yielding" 2>/dev/null || true
  wait "$yielding" 2>/dev/null || true
}
