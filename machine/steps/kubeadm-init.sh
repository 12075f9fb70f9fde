# shellcheck shell=bash
# The first control plane. There is one initialisation in a cluster's life: what is there and answers is kept.

SUPER_ADMIN=/etc/kubernetes/super-admin.conf

answers() { [[ -e $ADMIN ]] && [[ $(kube get --raw /readyz 2>/dev/null) == ok ]]; }

# The same of this machine's own API server, wherever the endpoint leads.
own_api_answers() { [[ -e $ADMIN ]] && [[ $(kube --server "https://$API_SERVER" get --raw /readyz 2>/dev/null) == ok ]]; }

# An initialisation that broke off early has not given admin.conf its rights yet.
identity() {
  local of=(-n kube-system get configmap plinth-cluster -o 'jsonpath={.data.id}' --ignore-not-found)
  kube "${of[@]}" 2>/dev/null || { ! was_complete && [[ -e $SUPER_ADMIN ]] && ADMIN=$SUPER_ADMIN kube "${of[@]}" 2>/dev/null; }
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

# Of a load balancer that the spec names: nothing that answers there now can be this cluster.
refuse_foreign_endpoint() {
  local answer
  [[ $EXTERNAL == true ]] || return 0
  answer=$(curl -sSk --noproxy '*' --connect-timeout 3 --max-time 10 "https://$ENDPOINT/version" 2>/dev/null) || return 0
  if [[ $answer == *'"gitVersion"'* || $answer == *'"kind": "Status"'* ]]; then
    fail ForeignCluster "at the load balancer $ENDPOINT another cluster's API server answers" \
      "Take that cluster's control planes out of its pool, or give this cluster an endpoint of its own."
  fi
  fail StepFailed "what answers at the load balancer $ENDPOINT is no API server" \
    'It must pass TCP through to port 6443 of the control planes, without ending TLS or speaking HTTP itself. Mend it, then retry.'
}

fail_behind_load_balancer() {
  [[ $EXTERNAL == true ]] || return 0
  fail StepFailed "the load balancer $ENDPOINT does not forward to $NODE_NAME ($API_SERVER), whose API server is up" \
    'Its pool must hold every control plane on port 6443 as TCP, with a health check of TCP, or of HTTPS GET /readyz; some do not send a machine back to itself (hairpin). Mend it, then retry.'
}

# A load balancer sends nobody before it has seen the API server healthy, and kubeadm waits without a word.
tell_of_load_balancer() {
  local told=$SECONDS
  until own_api_answers; do sleep 1; done
  until answers; do
    if ((SECONDS >= told + 10)); then
      note "waiting for the load balancer $ENDPOINT: it does not forward to $NODE_NAME ($API_SERVER) yet"
      told=$SECONDS
    fi
    sleep 1
  done
}

initialise() {
  local teller='' code=0
  record_path /var/lib/etcd
  if [[ $EXTERNAL == true ]]; then
    tell_of_load_balancer &
    teller=$!
  fi
  run kubeadm init --config "$config" --skip-token-print --skip-certificate-key-print || code=$?
  [[ -z $teller ]] || kill "$teller" 2>/dev/null || true
  return "$code"
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
    ! own_api_answers || fail_behind_load_balancer
    kubelet_lines 25
    fail StepFailed 'this control plane was initialised, but its API server does not answer' \
      'Its data is kept. Look at the lines of kubelet above and at the containers of kube-system (ctr -n k8s.io tasks ls); when it answers again, retry.'
  fi
  reset_half_state
}

! half_way || keep_or_take_back
refuse_foreign_endpoint

config=$(secret_file init.yaml <<<"$CONFIG")
hint 'kubeadm says above what is wrong; mend it on the machine or in the spec, then retry.'
run kubeadm config validate --config "$config"
if ! initialise; then
  kubelet_lines 25
  if own_api_answers && ! answers; then fail_behind_load_balancer; fi
  if ! curl -fsS --max-time 3 http://127.0.0.1:10248/healthz >/dev/null 2>&1; then
    fail StepFailed 'kubeadm init failed: the kubelet does not get healthy' \
      "kubelet's last lines are above: often its configuration (kubeletConfigurationOverrides, kubeletExtraArgs), cgroups or the container runtime. Mend it, then retry."
  fi
  fail StepFailed 'kubeadm init failed' \
    'The lines above say in which phase. A port that is taken, a clock, the disk or an image are the usual causes. Mend it, then retry.'
fi
if ! answers && own_api_answers; then fail_behind_load_balancer; fi
answers || fail StepFailed 'the API server does not answer after kubeadm init' \
  'Look at the containers of kube-system: ctr -n k8s.io tasks ls, and at the lines of kubelet.'
finish
