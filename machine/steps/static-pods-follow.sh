# shellcheck shell=bash
# A kubelet of another minor version names the static pods anew, from the same manifests (their UID is a hash of the pod
# as that version knows it), and so ends and starts etcd, the API server and their neighbours, seconds after it has become
# healthy itself. Nothing may go on before they run as what this kubelet wants. API_SERVER: the one of this machine.

# What the kubelet holds for the pods of this machine; it says so by itself as soon as it has read the manifests.
wanted_pods() { kube get --raw "/api/v1/nodes/$NODE_NAME/proxy/pods" 2>/dev/null; }

# wanted_uid NAME PODS: how the kubelet names this static pod.
wanted_uid() { sed -n "s/.*\"name\":\"$1-$NODE_NAME\",\"namespace\":\"kube-system\",\"uid\":\"\([^\"]*\)\".*/\1/p" <<<"$2" | head -n 1; }

# The first that is not what the kubelet wants; nothing: all are, and answer.
behind() {
  local pods name uid
  if ! pods=$(wanted_pods); then
    printf 'kube-apiserver'
    return
  fi
  for name in "${PARTS[@]}"; do
    uid=$(wanted_uid "$name" "$pods")
    if [[ -z $uid || -z $(running_as "$name" "$uid") ]]; then
      printf '%s' "$name"
      return
    fi
  done
  if ! etcd_healthy "$ETCD_HERE"; then
    printf 'etcd'
  elif [[ $(kube --server "https://$API_SERVER" get --raw /readyz 2>/dev/null) != ok ]]; then
    printf 'kube-apiserver'
  fi
}

wait_for_static_pods() {
  local last name until=$((SECONDS + FOLLOW_SECONDS))
  while name=$(behind) && [[ -n $name ]]; do
    [[ $name == "${last:-}" ]] || note "waiting for $name to run as the new kubelet wants it"
    last=$name
    if ((SECONDS >= until)); then
      kubelet_lines 25
      fail StepFailed "$name does not run as the new kubelet wants it after $FOLLOW_SECONDS s" \
        "kubelet's last lines are above; /var/log/pods/kube-system_$name-* tells more. Mend it, then retry."
    fi
    sleep 0.5
  done
}
