# shellcheck shell=bash
# What runs of this control plane takes up the certificates that were renewed. What does so by itself is left alone; the
# others start anew: the kubelet starts a static pod's container again once it has ended. ETCD_PEER, API_SERVER: this
# one's own `address:port`. Each part is waited for HEALTH_SECONDS at most.

# What the kubelet gives a static pod to end.
GRACE_SECONDS=30
# What a webhook has for its answer, unless it wants more.
REQUEST_SECONDS=10

# end_part PART SIGNAL
end_part() {
  # It may end by itself in this very moment.
  run ctr -n k8s.io tasks kill -s "$2" "$(noted "$1")" || true
  restarted+=("$1")
}

# wait_for_end PART SECONDS: in peace for so long.
wait_for_end() {
  local part=$1 kill_at=$((SECONDS + $2)) killed=
  while is_old "$part"; do
    if [[ -z $killed ]] && ((SECONDS >= kill_at)); then
      ctr -n k8s.io tasks kill -s KILL "$(noted "$part")" || true
      killed=1
    fi
    ((SECONDS < kill_at + 60)) ||
      fail StepFailed "$part does not end" 'It may hang in the kernel (a dead disk): reboot the machine, then retry.'
    sleep 0.2
  done
}

wait_for_part() {
  local until=$((SECONDS + HEALTH_SECONDS))
  until [[ -n $(running "$1") ]] && part_healthy "$1"; do
    if ((SECONDS >= until)); then
      kubelet_lines 25
      fail StepFailed "$1 is not healthy with its new certificates" \
        "kubelet's last lines are above; /var/log/pods/kube-system_$1-* tells more. Mend it, then retry."
    fi
    sleep 0.5
  done
}

etcd_serves_renewed() {
  serves_renewed etcd/server 127.0.0.1:2379 "${ETCD_CLIENT[@]}" &&
    serves_renewed etcd/peer "$ETCD_PEER" "${ETCD_CLIENT[@]}"
}

# It reads its certificates at each handshake, as server and as client (GetCertificate, GetClientCertificate in
# client/pkg/transport/listener.go): nobody loses a member for a moment. What it serves says whether it does.
renew_etcd() {
  if is_old etcd && ! etcd_serves_renewed; then
    # The others have to agree without it meanwhile.
    others_hold_quorum
    end_part etcd TERM
    wait_for_end etcd "$GRACE_SECONDS"
  fi
  wait_for_part etcd
}

# Their certificates are in their kubeconfigs, which are read at their start. While this API server answers: without it they
# do not start. They hold nothing, and end as abruptly where they lose their lease: told to end, a leader takes ten seconds
# for it, and the scheduler gives its lease back, has it again at its start and loses it when the API server goes.
renew_controllers() {
  local part old=()
  for part in kube-controller-manager kube-scheduler; do
    if is_old "$part"; then old+=("$part"); fi
  done
  for part in "${old[@]}"; do end_part "$part" KILL; done
  for part in "${old[@]}"; do wait_for_end "$part" "$GRACE_SECONDS"; done
  wait_for_part kube-controller-manager
  wait_for_part kube-scheduler
}

# It serves the new one by itself; but of what it has as a client of etcd and of kubelets nobody can ask, and the one that
# it calls itself with (a year's, before 1.33) is made at its start. Watches end only with it, and it would wait a minute
# for them: what else it was asked is answered before.
renew_api_server() {
  is_old kube-apiserver || return 0
  end_part kube-apiserver TERM
  wait_for_end kube-apiserver "$REQUEST_SECONDS"
}

renewal_noted || fail StepFailed 'the certificates of this renewal are not in place' 'Retry: they are renewed first.'
restarted=()
renew_etcd
# One that does not answer, with what it has, keeps the controllers from starting.
part_healthy kube-apiserver || renew_api_server
is_old kube-apiserver || wait_for_part kube-apiserver
renew_controllers
renew_api_server
for part in "${PARTS[@]:1}"; do wait_for_part "$part"; done
((${#restarted[@]})) || skip 'every part runs with the new certificates'
note "started anew: ${restarted[*]}"
