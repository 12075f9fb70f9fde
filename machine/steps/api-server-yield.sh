# shellcheck shell=bash
# While the static pods of this control plane are replaced. A kubelet starts a changed static pod once it has asked the API
# server of its own machine to delete the mirror pod of the old one. Where that pod is etcd, the API server waits for etcd, the
# kubelet for the API server and etcd for the kubelet, until the request is given up after half a minute
# (kubernetes/kubernetes#139502): so long the member is missed, whoever asks that API server waits in vain, and the kubelet
# tells nobody that its node lives. Without its etcd that API server can do nothing for anybody. Ended at once, it refuses the
# kubelet, which starts etcd and then it, and sends everybody else to another one where there is one.

# What it has to answer from what it remembers.
LAST_ANSWERS_SECONDS=2

# pid_of PART: of its container's process; nothing: none runs.
pid_of() {
  local id
  id=$(running "$1")
  [[ -n $id ]] || return 0
  ctr -n k8s.io tasks ls 2>/dev/null | awk -v id="$id" '$1 == id { print $2 }' || true
}

# Ends the API server whenever etcd ends, for ever.
yield_to_etcd() {
  local etcd api
  while :; do
    etcd=$(pid_of etcd)
    if [[ -z $etcd ]]; then
      sleep 1
      continue
    fi
    while [[ -e /proc/$etcd ]]; do sleep 0.2; done
    api=$(running kube-apiserver)
    [[ -n $api ]] || continue
    note "etcd has ended: so does the API server of this machine, and the kubelet starts both"
    ctr -n k8s.io tasks kill -s TERM "$api" 2>/dev/null || true
    sleep "$LAST_ANSWERS_SECONDS"
    ctr -n k8s.io tasks kill -s KILL "$api" 2>/dev/null || true
  done
}

start_yielding() {
  yield_to_etcd &
  yielding=$!
  trap stop_yielding EXIT
}

stop_yielding() {
  kill "$yielding" 2>/dev/null || true
  wait "$yielding" 2>/dev/null || true
}
