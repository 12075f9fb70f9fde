# shellcheck shell=bash
# While the static pods of this control plane are replaced. A kubelet starts a changed static pod once it has asked the API
# server of its own machine to delete the mirror pod of the old one. Where that pod is etcd, the API server waits for etcd, the
# kubelet for the API server and etcd for the kubelet, until the request is given up after half a minute
# (kubernetes/kubernetes#139502): so long the member is missed, whoever asks that API server waits in vain, and the kubelet
# tells nobody that its node lives. Without its etcd that API server can do nothing for anybody. Ended at once, it refuses the
# kubelet, which starts etcd and then it, and sends everybody else to another one where there is one.

# It refuses connections meanwhile, and answers what it can from what it remembers. The endpoints of all machines look twice
# before they let it be; one that is started anew accepts connections long before it serves them.
REFUSING_SECONDS=4
# For so long the way is kept free for an etcd that does not come.
FREE_WAY_SECONDS=60

# pid_of PART: of its container's process; nothing: none runs.
pid_of() {
  local id
  id=$(running "$1")
  [[ -n $id ]] || return 0
  ctr -n k8s.io tasks ls 2>/dev/null | awk -v id="$id" '$1 == id { print $2 }' || true
}

# end_api_server SIGNAL
end_api_server() {
  local id
  id=$(running kube-apiserver)
  [[ -z $id ]] || ctr -n k8s.io tasks kill -s "$1" "$id" 2>/dev/null || true
}

# Ends the API server whenever etcd ends, for ever.
yield_to_etcd() {
  local etcd until
  while :; do
    etcd=$(pid_of etcd)
    if [[ -z $etcd ]]; then
      sleep 1
      continue
    fi
    while [[ -e /proc/$etcd ]]; do sleep 0.2; done
    note 'etcd has ended: so does the API server of this machine, and the kubelet starts both'
    end_api_server TERM
    sleep "$REFUSING_SECONDS"
    end_api_server KILL
    # The kubelet starts it anew within a second, as a rule before etcd: it would be waited for as the one before.
    until=$((SECONDS + FREE_WAY_SECONDS))
    while [[ -z $(running etcd) ]] && ((SECONDS < until)); do
      end_api_server KILL
      sleep 0.3
    done
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
