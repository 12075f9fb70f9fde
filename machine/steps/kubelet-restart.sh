# shellcheck shell=bash
# The kubelet that was installed takes the place of the one that runs; done when the API server has heard from it.

as_node() { kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=10s "$@"; }

reported() { as_node get node "$NODE_NAME" -o 'jsonpath={.status.nodeInfo.kubeletVersion}' 2>/dev/null; }

healthy() { [[ $(curl -fsS --noproxy '*' --max-time 3 http://127.0.0.1:10248/healthz 2>/dev/null) == ok ]]; }

hint "kubelet's last lines are above; systemctl status kubelet, journalctl -u kubelet."
# The running one has the file that was replaced under it.
pid=$(systemctl show kubelet.service -p MainPID --value)
if [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == /usr/local/bin/kubelet ]] &&
  healthy && [[ $(reported) == "$KUBERNETES_VERSION" ]]; then
  skip "the kubelet that runs is $KUBERNETES_VERSION"
fi
systemctl reset-failed kubelet.service 2>/dev/null || true
run systemctl restart kubelet.service
until=$((SECONDS + 180))
until healthy && [[ $(reported) == "$KUBERNETES_VERSION" ]]; do
  if ((SECONDS >= until)); then
    kubelet_lines 25
    fail StepFailed "the kubelet is not healthy as $KUBERNETES_VERSION after 180 s" \
      "kubelet's last lines are above: often its configuration (kubeletConfigurationOverrides, kubeletExtraArgs). Mend it, then retry."
  fi
  sleep 0.5
done
result kubeletVersion "$KUBERNETES_VERSION"
