# shellcheck shell=bash
# Starts the control plane on the keys and the data that a restore put in place: as kubeadm's initialisation does, but
# with what is there. TURN: the restore's turn.

BEGAN=$(date -u +%Y-%m-%dT%H:%M:%S)

answers() { [[ -e $ADMIN ]] && [[ $(kube --server "https://$PRIVATE_IP:6443" get --raw /readyz 2>/dev/null) == ok ]]; }

wait_for_api() {
  local until=$((SECONDS + $1))
  while ((SECONDS < until)); do
    ! answers || return 0
    sleep 1
  done
  return 1
}

# The snapshot says by itself that this node is Ready: only what its kubelet has said since counts.
kubelet_reports() {
  local until=$((SECONDS + 120)) renewed
  while ((SECONDS < until)); do
    renewed=$(kube -n kube-node-lease get lease "$NODE_NAME" -o 'jsonpath={.spec.renewTime}' 2>/dev/null || true)
    [[ $renewed < $BEGAN ]] || return 0
    sleep 1
  done
  return 1
}

has_data_of "$TURN" || fail StepFailed 'the data of the snapshot is not in place' 'Retry: it is put there first.'
if was_complete && [[ -e /etc/kubernetes/manifests/kube-apiserver.yaml ]]; then
  systemctl start kubelet.service
  if wait_for_api 180; then
    result caCertHash "$(ca_cert_hash)"
    skip 'the control plane answers'
  fi
fi

# What an attempt before this one started half.
stop_static_pods
config=$(secret_file init.yaml <<<"$CONFIG")
hint 'kubeadm says above what is wrong; mend it on the machine, then retry. What was there before the restore is in /var/lib/plinth/before-restore.'
# The snapshot has the add-ons, as the cluster had them.
if ! run kubeadm init --config "$config" --skip-token-print --skip-certificate-key-print \
  --ignore-preflight-errors=DirAvailable--var-lib-etcd --skip-phases="$SKIP_PHASES"; then
  kubelet_lines 25
  fail StepFailed 'kubeadm could not start the control plane on the data of the snapshot' \
    'The lines above say in which phase; etcd itself tells more: ctr -n k8s.io tasks ls, /var/log/pods/kube-system_etcd-*. Mend it, then retry, or restore another snapshot.'
fi
wait_for_api 60 || fail StepFailed 'the API server does not answer on the data of the snapshot' \
  'Look at the containers of kube-system: ctr -n k8s.io tasks ls, and at the lines of kubelet.'
# kubeadm's own token, good for a day; those of the snapshot were for nodes that have long joined.
kube -n kube-system delete secret --field-selector type=bootstrap.kubernetes.io/token --ignore-not-found >/dev/null
printf '%s' "$IDENTITY" | kube apply --server-side --field-manager=plinth --force-conflicts -f - >/dev/null
kubelet_reports || {
  kubelet_lines 25
  fail StepFailed 'the kubelet does not report to the API server' "kubelet's last lines are above."
}
mark_complete
result caCertHash "$(ca_cert_hash)"
