# shellcheck shell=bash
# The first control plane. There is one initialisation in a cluster's life: what is there and answers is kept.

answers() { [[ -e $ADMIN ]] && [[ $(kube get --raw /readyz 2>/dev/null) == ok ]]; }

identity() {
  kube -n kube-system get configmap plinth-cluster -o 'jsonpath={.data.id}' --ignore-not-found 2>/dev/null
}

# After a reboot the static pods need their time before anyone may call them gone.
wait_for_own_api() {
  local until=$((SECONDS + $1))
  [[ -e /etc/kubernetes/manifests/kube-apiserver.yaml ]] || return 1
  systemctl start kubelet.service
  while ((SECONDS < until)); do
    ! answers || return 0
    sleep 1
  done
  return 1
}

finish() {
  local all=(secret --field-selector type=bootstrap.kubernetes.io/token)
  if [[ $FIRST_TOKENS == 0 ]]; then
    # kubeadm's own, good for a day.
    kube -n kube-system delete "${all[@]}" --ignore-not-found >/dev/null
  else
    # By this `check-in` finds them and takes them back.
    kube -n kube-system label --overwrite "${all[@]}" \
      app.kubernetes.io/managed-by=plinth app.kubernetes.io/component=join-token >/dev/null
  fi
  printf '%s' "$IDENTITY" | kube apply --server-side --field-manager=plinth --force-conflicts -f - >/dev/null
  mark_complete
  result caCertHash "$(ca_cert_hash)"
}

# What is there is asked before it is judged: an error is neither another cluster nor none.
keep_or_take_back() {
  local other patience=90
  # Nothing but a person can bring a whole one back: it gets all the time it may need.
  ! was_complete || patience=300
  if wait_for_own_api "$patience"; then
    other=$(identity) || fail StepFailed 'the control plane answers, but does not say which cluster it is' \
      'kubectl get --raw /readyz?verbose on this machine tells what is wrong; retry once it is healthy.'
    case $other in
      "$PLINTH_CLUSTER_ID")
        mark_complete
        result caCertHash "$(ca_cert_hash)"
        skip 'the control plane answers and is this cluster'
        ;;
      '') ;; # broken off before its end
      *)
        fail ForeignCluster "this machine's control plane is the cluster $other" \
          'Take the machine out of that cluster first.'
        ;;
    esac
    if was_complete; then
      finish
      skip 'the control plane answers and has its name again'
    fi
  fi
  if was_complete; then
    kubelet_lines 25
    fail StepFailed 'this control plane was initialised, but its API server does not answer' \
      'Its data is kept. Look at the lines of kubelet above and at the containers of kube-system (ctr -n k8s.io tasks ls); when it answers again, retry.'
  fi
  reset_half_state
}

! half_way || keep_or_take_back

config=$(secret_file init.yaml <<<"$CONFIG")
hint 'kubeadm says above what is wrong; mend it on the machine or in the spec, then retry.'
run kubeadm config validate --config "$config"
if ! run kubeadm init --config "$config" --skip-token-print --skip-certificate-key-print; then
  kubelet_lines 25
  if ! curl -fsS --max-time 3 http://127.0.0.1:10248/healthz >/dev/null 2>&1; then
    fail StepFailed 'kubeadm init failed: the kubelet does not get healthy' \
      "kubelet's last lines are above: often its configuration (kubeletConfigurationOverrides, kubeletExtraArgs), cgroups or the container runtime. Mend it, then retry."
  fi
  fail StepFailed 'kubeadm init failed' \
    'The lines above say in which phase. A port that is taken, a clock, the disk or an image are the usual causes. Mend it, then retry.'
fi
answers || fail StepFailed 'the API server does not answer after kubeadm init' \
  'Look at the containers of kube-system: ctr -n k8s.io tasks ls, and at the lines of kubelet.'
finish
