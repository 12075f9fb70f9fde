# shellcheck shell=bash
# A node joins by the CA's hash and a token of its own. What has joined this very cluster is kept.

own_ca() { [[ -e /etc/kubernetes/pki/ca.crt && $(ca_cert_hash) == "$CA_CERT_HASH" ]]; }

# Asked with the node's own credentials: the live API server knows it or not.
known() {
  [[ -e /etc/kubernetes/kubelet.conf ]] && own_ca &&
    kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=10s get node "$NODE_NAME" >/dev/null 2>&1
}

is_member() {
  [[ $CONTROL_PLANE != true ]] && return 0
  [[ -e /etc/kubernetes/manifests/kube-apiserver.yaml ]] &&
    curl -fsS --max-time 3 --cacert /etc/kubernetes/pki/ca.crt "https://$PRIVATE_IP:6443/readyz" >/dev/null 2>&1
}

joined() { systemctl is-active --quiet kubelet.service && known && is_member; }

wait_until_joined() {
  local until=$((SECONDS + $1))
  while ((SECONDS < until)); do
    ! joined || return 0
    sleep 0.5
  done
  return 1
}

if half_way; then
  systemctl start kubelet.service 2>/dev/null || true
  if own_ca && wait_until_joined 60; then
    mark_complete
    skip 'the node has joined this cluster'
  fi
  if was_complete; then
    kubelet_lines 25
    fail StepFailed 'this node has joined, but the API server does not know it or does not answer' \
      'Its data is kept. Are the control planes up? If the node was deleted from the cluster by hand, take it out of the spec, apply, and add it again.'
  fi
  reset_half_state
fi

config=$(secret_file join.yaml <<<"$CONFIG")
hint 'kubeadm says above what is wrong. Can this machine reach the control planes on port 6443?'
if ! run kubeadm join --config "$config"; then
  kubelet_lines 25
  fail StepFailed 'kubeadm join failed' \
    'The lines above say in which phase. The network between the machines, a clock or a port that is taken are the usual causes. Mend it, then retry.'
fi
rm -f "$config"
wait_until_joined 60 || {
  kubelet_lines 25
  fail StepFailed 'kubeadm join ended well, but the API server does not know the node' \
    "kubelet's last lines are above."
}
mark_complete
