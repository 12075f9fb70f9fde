# shellcheck shell=bash
# The kubelet that was installed takes the place of the one that runs; done when the API server has heard from it and, on
# a control plane, when the static pods have followed it.

as_node() { kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=10s "$@"; }

reported() { as_node get node "$NODE_NAME" -o 'jsonpath={.status.nodeInfo.kubeletVersion}' 2>/dev/null; }

healthy() { [[ $(curl -fsS --noproxy '*' --max-time 3 http://127.0.0.1:10248/healthz 2>/dev/null) == ok ]]; }

pods_followed() {
  wait_for_static_pods
  # The next thing that happens may be another node's drain.
  wait_for_service_watches
}

hint "kubelet's last lines are above; systemctl status kubelet, journalctl -u kubelet."
# The running one has the file that was replaced under it.
pid=$(systemctl show kubelet.service -p MainPID --value)
if [[ $(readlink "/proc/$pid/exe" 2>/dev/null) == /usr/local/bin/kubelet ]] &&
  healthy && [[ $(reported) == "$KUBERNETES_VERSION" ]]; then
  # An attempt that was cut off may have left them on their way.
  if [[ $CONTROL_PLANE == true ]]; then pods_followed; fi
  skip "the kubelet that runs is $KUBERNETES_VERSION"
fi
# One that hangs may have ended what it was to start again: nothing is left to wait for then but a restart.
if [[ $CONTROL_PLANE == true ]] && healthy; then
  wait_for_api
  others_hold_quorum
  note_service_watches
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
if [[ $CONTROL_PLANE == true ]]; then pods_followed; fi
result kubeletVersion "$KUBERNETES_VERSION"
