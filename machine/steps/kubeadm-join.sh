# shellcheck shell=bash
# A node joins by the CA's hash and a token of its own. What has joined this very cluster is kept; only
# what the cluster itself does not know, or what never got whole, is taken back and joined again.

own_ca() { [[ -e /etc/kubernetes/pki/ca.crt && $(ca_cert_hash) == "$CA_CERT_HASH" ]]; }

# Asked through the endpoint: a control plane's kubelet.conf names its own API server, which may be down.
as_node() {
  kubectl --kubeconfig /etc/kubernetes/kubelet.conf --server "$ENDPOINT" --request-timeout=10s "$@"
}

# membership: yes, no, or unknown where nobody could be asked. A no is only what the API server says, or
# what no credentials of this cluster could be asked with.
membership() {
  local answer
  if ! own_ca || [[ ! -e /etc/kubernetes/kubelet.conf ]] ||
    { grep -q kubelet-client-current.pem /etc/kubernetes/kubelet.conf &&
      [[ ! -e /var/lib/kubelet/pki/kubelet-client-current.pem ]]; }; then
    printf 'no'
  elif answer=$(as_node get node "$NODE_NAME" -o name 2>&1); then
    printf 'yes'
  elif [[ $answer == *'(NotFound)'* || $answer == *'(Unauthorized)'* ]]; then
    printf 'no'
  else
    printf 'unknown'
  fi
}

runs() {
  systemctl is-active --quiet kubelet.service || return 1
  [[ $CONTROL_PLANE == true ]] || return 0
  [[ -e /etc/kubernetes/manifests/kube-apiserver.yaml && -e $ADMIN ]] &&
    [[ $(kube --server "https://$PRIVATE_IP:6443" get --raw /readyz 2>/dev/null) == ok ]]
}

# wait_until_joined SECONDS: leaves what was said last in `member`.
wait_until_joined() {
  local until=$((SECONDS + $1))
  while
    member=$(membership)
    [[ $member != yes ]] || ! runs
  do
    [[ $member != no && $SECONDS -lt $until ]] || return 1
    sleep 0.5
  done
}

# The cluster would go on counting a member whose data is gone: it goes first, or nothing goes.
leave_etcd() {
  local address list id because
  if [[ $CONTROL_PLANE != true || ! -e $ETCD_PKI/server.key ]] || ! own_ca; then return 0; fi
  for address in $OTHERS; do
    list=$(etcd_members "https://$address:2379") || continue
    id=$(awk -v peer="https://$PRIVATE_IP:2380" '$3 == peer { print $1 }' <<<"$list")
    [[ -n $id ]] || return 0
    because=$(may_remove "$(etcd_rows "$list" "$NODE_NAME $PRIVATE_IP")" "$NODE_NAME")
    [[ -z $because ]] || fail QuorumRisk "an earlier attempt's etcd member has to go, and cannot: $because" "$QUORUM_HINT"
    note "taking the etcd member of an earlier attempt out, through $address"
    ! run etcd_remove "https://$address:2379" "$id" || return 0
  done
  fail QuorumRisk "no other control plane takes this machine's etcd member out, so its data stays" \
    'Bring the other control planes back, then retry.'
}

# kubeadm refuses to join under a name that is Ready.
forget_node() {
  [[ $CONTROL_PLANE == true && -e $ADMIN ]] || return 0
  kube --server "$ENDPOINT" delete node "$NODE_NAME" --ignore-not-found || true
}

# Killed just before kubeadm's last phase.
mark_control_plane() {
  [[ $CONTROL_PLANE == true ]] || return 0
  [[ $(as_node get node "$NODE_NAME" -o 'jsonpath={.metadata.labels}') != *node-role.kubernetes.io/control-plane* ]] || return 0
  run kubeadm join phase control-plane-join mark-control-plane --config "$config"
}

where_to_look() {
  if [[ $EXTERNAL == true ]]; then
    printf 'Does the load balancer %s answer on this machine, and forward to control planes that are up?' "${ENDPOINT#https://}"
  else
    printf 'Can this machine reach the control planes on port 6443? systemctl status plinth-api-endpoint.'
  fi
}

keep_or_take_back() {
  local patience=60
  systemctl start kubelet.service 2>/dev/null || true
  # Static pods after a reboot; an etcd member that catches up.
  [[ $CONTROL_PLANE != true ]] || patience=240
  if wait_until_joined "$patience"; then
    mark_control_plane
    mark_complete
    skip 'the node has joined this cluster'
  fi
  if was_complete || [[ $member == yes && $CONTROL_PLANE != true ]]; then
    kubelet_lines 25
    fail StepFailed 'this node has joined, but does not run, or the API server does not know it or does not answer' \
      'Its data is kept. Are the control planes up? If the node was deleted from the cluster by hand, take it out of the spec, apply, and add it again.'
  fi
  [[ $member != unknown ]] ||
    fail StepFailed 'this machine has credentials of the cluster, but the API server cannot be asked about it' \
      "$(where_to_look) It is not reset as long as that is not known."
  leave_etcd
  [[ $member != yes ]] || forget_node
  reset_half_state
}

# kubeadm asks once in five seconds whether its token has been signed, which is a moment's matter on a control plane
# that has just come up. Only a wait: what it trusts, kubeadm verifies itself.
wait_for_signature() {
  local until=$((SECONDS + $1)) signed=jws-kubeconfig-$TOKEN_ID
  until curl -fsSk --noproxy '*' --max-time 3 "$ENDPOINT/api/v1/namespaces/kube-public/configmaps/cluster-info" \
    2>/dev/null | grep -q "\"$signed\""; do
    ((SECONDS < until)) || return 0
    sleep 0.1
  done
}

config=$(secret_file join.yaml <<<"$CONFIG")
! half_way || keep_or_take_back
hint "kubeadm says above what is wrong. $(where_to_look)"
wait_for_signature 20
[[ $CONTROL_PLANE != true ]] || record_path /var/lib/etcd
if ! run kubeadm join --config "$config"; then
  kubelet_lines 25
  [[ $EXTERNAL != true ]] || api_answers "$ENDPOINT" ||
    fail StepFailed "the load balancer ${ENDPOINT#https://} does not answer on this machine" \
      'Is there a firewall in between, and are control planes in its pool? Mend it, then retry.'
  fail StepFailed 'kubeadm join failed' \
    'The lines above say in which phase. The network between the machines, a clock or a port that is taken are the usual causes. Mend it, then retry.'
fi
rm -f "$config"
until=$((SECONDS + 60))
until wait_until_joined 60; do
  if ((SECONDS >= until)); then
    kubelet_lines 25
    fail StepFailed 'kubeadm join ended well, but the API server does not know the node' \
      "kubelet's last lines are above."
  fi
  sleep 0.5
done
mark_complete
