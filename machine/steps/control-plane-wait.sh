# shellcheck shell=bash
# Before and after a part of this control plane starts anew.

# The API server may be away for a moment: an earlier attempt has just replaced it.
wait_for_api() {
  local until=$((SECONDS + 240))
  until [[ $(kube get --raw /readyz 2>/dev/null) == ok ]]; do
    ((SECONDS < until)) || fail StepFailed 'the API server does not answer on this control plane' \
      'kubectl get --raw /readyz?verbose on this machine tells what is not ready.'
    sleep 1
  done
}

# Its etcd restarts: the others have to agree without it meanwhile. CONTROL_PLANES: how many the
# spec has, where it can wait for them.
others_hold_quorum() {
  local tries list because
  for ((tries = 0; tries < 30; tries++)); do
    list=$(etcd_members_here)
    because=$(may_restart "$(etcd_rows "$list" '')" "$NODE_NAME" "${CONTROL_PLANES:-0}")
    [[ -n $because ]] || return 0
    sleep 2
  done
  [[ $because != *'is to have'* ]] ||
    fail QuorumRisk "$because" 'Apply again, so that they join, or take them out of the spec.'
  fail QuorumRisk "$because" "$QUORUM_HINT"
}
