# shellcheck shell=bash
# A worker after a restore: same authority, same credentials. Its pods run on; its kubelet is started again only where
# the API server does not know the node, or does not hear of it.

BEGAN=$(date -u +%Y-%m-%dT%H:%M:%S)

as_node() {
  kubectl --kubeconfig /etc/kubernetes/kubelet.conf --server "$ENDPOINT" --request-timeout=10s "$@"
}

reports() {
  local until=$((SECONDS + $1)) renewed
  while ((SECONDS < until)); do
    renewed=$(as_node -n kube-node-lease get lease "$NODE_NAME" -o 'jsonpath={.spec.renewTime}' 2>/dev/null || true)
    [[ $renewed < $BEGAN ]] || return 0
    sleep 1
  done
  return 1
}

known() { as_node get node "$NODE_NAME" -o name >/dev/null 2>&1; }

[[ -e /etc/kubernetes/kubelet.conf ]] || fail StepFailed 'this machine has lost the credentials of its kubelet' \
  'Take the node out of the spec, apply, and add it again: it joins anew.'
systemctl is-active --quiet kubelet.service || run systemctl start kubelet.service
if known && reports 45; then skip 'the API server knows the node and hears of it'; fi
note 'the kubelet is started again, so that it registers'
run systemctl restart kubelet.service
if ! reports 150 || ! known; then
  kubelet_lines 25
  fail StepFailed 'the API server does not hear of this node' \
    'Can this machine reach the control planes on port 6443? systemctl status plinth-api-endpoint. Then retry.'
fi
