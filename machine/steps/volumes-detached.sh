# shellcheck shell=bash
# After a drain, before the node's object goes: what the pods had mounted is detached from it. Without the node nobody
# tells that it is unmounted, and its pods wait elsewhere for minutes; a disk that is still attached may be written to twice.
# VOLUMES_SECONDS: how long it waits.

# NAMESPACE/CLAIM of the pods that stay: those of daemon sets keep their volumes. A claim that is made with its pod is named
# after both.
claims_in_use() {
  local namespace pod claims ephemeral claim
  while IFS='|' read -r namespace pod claims ephemeral; do
    for claim in $claims; do printf '%s\n' "$namespace/$claim"; done
    for claim in $ephemeral; do printf '%s\n' "$namespace/$pod-$claim"; done
  done < <(again kube get pods -A --field-selector "spec.nodeName=$SUBJECT" -o \
    'jsonpath={range .items[*]}{.metadata.namespace}|{.metadata.name}|{.spec.volumes[*].persistentVolumeClaim.claimName}|{.spec.volumes[?(@.ephemeral)].name}{"\n"}{end}')
}

# attached: the names of the volumes that are attached to the node and that no pod there uses.
attached() {
  local all used volume claim
  all=$(again kube get volumeattachments -o \
    "jsonpath={range .items[?(@.spec.nodeName==\"$SUBJECT\")]}{.spec.source.persistentVolumeName}{\"\\n\"}{end}") || return
  [[ -n $all ]] || return 0
  used=$(claims_in_use)
  while read -r volume; do
    [[ -n $volume ]] || continue
    claim=$(kube get pv "$volume" --ignore-not-found -o 'jsonpath={.spec.claimRef.namespace}/{.spec.claimRef.name}')
    grep -qxF -- "${claim:-/}" <<<"$used" || printf '%s\n' "$volume"
  done <<<"$all"
}

# A kubelet that does not answer unmounts nothing: its volumes are taken from it by force once its pods are gone.
state=$(again ready) ||
  fail StepFailed 'the API server does not answer on this control plane' \
    'Choose a healthy control plane, or bring this one back.'
if [[ $state == True ]]; then
  deadline=$((SECONDS + VOLUMES_SECONDS))
  said=
  while :; do
    left=$(attached | paste -s -d ' ') ||
      fail StepFailed 'the API server does not tell which volumes are attached' \
        'Choose a healthy control plane, or bring this one back.'
    [[ -n $left ]] || break
    if ((SECONDS >= deadline)); then
      result blocking "$left"
      fail StepFailed "volumes are attached to the node $SUBJECT $VOLUMES_SECONDS s after it was drained: $left" \
        'See kubectl get volumeattachments and what their storage driver says, then retry.'
    fi
    [[ $said == "$left" ]] || note "waiting for volumes to be detached: $left"
    said=$left
    sleep 2
  done
fi
