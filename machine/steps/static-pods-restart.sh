# shellcheck shell=bash
# The parts of this control plane, one after another, start anew with the certificates that were renewed; each is waited
# for before the next, HEALTH_SECONDS at most. The kubelet starts a static pod's container again once it has ended.

# end_container ID PART: in peace first; an API server ends what it was asked before.
end_container() {
  local tries
  # It may end by itself in this very moment.
  run ctr -n k8s.io tasks kill -s TERM "$1" || true
  for ((tries = 1; tries <= 240; tries++)); do
    [[ $(running "$2") == "$1" ]] || return 0
    ((tries != 180)) || ctr -n k8s.io tasks kill -s KILL "$1" || true
    sleep 0.5
  done
  fail StepFailed "$2 does not end" 'It may hang in the kernel (a dead disk): reboot the machine, then retry.'
}

wait_for_part() {
  local until=$((SECONDS + HEALTH_SECONDS))
  until ! is_old "$1" && [[ -n $(running "$1") ]] && part_healthy "$1"; do
    if ((SECONDS >= until)); then
      kubelet_lines 25
      fail StepFailed "$1 is not healthy with its new certificates" \
        "kubelet's last lines are above; /var/log/pods/kube-system_$1-* tells more. Mend it, then retry."
    fi
    sleep 0.5
  done
}

renewal_noted || fail StepFailed 'the certificates of this renewal are not in place' 'Retry: they are renewed first.'
restarted=()
for part in "${PARTS[@]}"; do
  if is_old "$part"; then
    # The others have to agree without it meanwhile.
    if [[ $part == etcd ]]; then others_hold_quorum; fi
    end_container "$(cat "$RENEWAL_NOTES/$part")" "$part"
    restarted+=("$part")
  fi
  wait_for_part "$part"
done
((${#restarted[@]})) || skip 'every part runs with the new certificates'
note "started anew: ${restarted[*]}"
