# shellcheck shell=bash
# Asked on the node itself, with its own credentials: a thousand nodes do not wait through one control plane.

node() { kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=0 "$@"; }

conditions() {
  node --request-timeout=10s get node "$NODE_NAME" -o \
    'jsonpath={range .status.conditions[?(@.status!="False")]}{.type}={.status}: {.message}{"\n"}{end}' 2>&1 || true
}

until=$((SECONDS + WAIT_SECONDS))
while ((SECONDS < until)); do
  # A dropped watch, or a node object that is not there yet, is only a reason to ask again.
  if node wait --for=condition=Ready "node/$NODE_NAME" --timeout=$((until - SECONDS))s >/dev/null 2>&1; then
    result kubeletVersion "$(node get node "$NODE_NAME" -o 'jsonpath={.status.nodeInfo.kubeletVersion}')"
    # Of a control plane, when it has just got them; the watchers read it again, whatever happens here.
    tell_expiry "$(certificate_rows)" || note 'when its certificates end could not be read'
    exit 0
  fi
  sleep 0.3
done
conditions
kubelet_lines 25
fail StepFailed "the node is not Ready after $WAIT_SECONDS s" \
  'Its conditions and the last lines of kubelet are above; when the network plugin is not ready, look at the pods of calico-node.'
