# shellcheck shell=bash
# Cordons the node and evicts its pods; disruption budgets are honoured, so this may end in a
# failure that names what blocks. DRAIN_SECONDS: how long it may take; ENDPOINTS_SECONDS: how long it waits for controllers that do
# not keep up, ENDPOINTS: `required` where it does not go on without them.

node_exists || skip "the cluster has no node $SUBJECT"

# budgets_over NAMESPACE/POD…: the disruption budgets that these pods of the node are under. kubectl drain names none.
budgets_over() {
  local namespace budget selector pods
  for namespace in $(printf '%s\n' "${@%%/*}" | sort -u); do
    while read -r budget selector; do
      # As it is described: these two are no label selectors.
      [[ $selector != '<unset>' ]] || continue
      pods=$(kube get pods -n "$namespace" -l "${selector#<none>}" --field-selector "spec.nodeName=$SUBJECT" \
        -o "jsonpath={range .items[*]}$namespace/{.metadata.name}{\"\\n\"}{end}")
      if grep -qxF "$pods" <<<"$(printf '%s\n' "$@")"; then printf '%s\n' "$namespace/$budget"; fi
    done < <(kube describe pdb -n "$namespace" --show-events=false |
      sed -n 's/^Name: *//p; s/^Selector: *//p' | paste -d ' ' - -)
  done
}

ready() { kube get node "$SUBJECT" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'; }

arguments=(--ignore-daemonsets --delete-emptydir-data "--timeout=${DRAIN_SECONDS}s")
# No kubelet there confirms a deletion: such pods go with the node's object.
[[ $(ready) == True ]] || arguments+=(--skip-wait-for-delete-timeout=1)

if ! endpoints_follow "$ENDPOINTS_SECONDS"; then
  [[ $ENDPOINTS != required ]] ||
    fail StepFailed "the cluster's controllers do not keep up: no EndpointSlice of a new service within $ENDPOINTS_SECONDS s" \
      'Pods that are evicted now would still get requests. See kubectl -n kube-system get pods -l component=kube-controller-manager, then retry.'
  note "the cluster's controllers do not keep up; going on"
fi

# It cordons before it evicts.
printf '%s\n' "kubectl drain $SUBJECT ${arguments[*]}" >"$PLINTH_RUN_DIR/command"
if ! kubectl drain "$SUBJECT" "${arguments[@]}" 2>&1 | tee "$PLINTH_RUN_DIR/drain"; then
  blocking=$(sed -n 's/.*error when evicting pods\/"\([^"]*\)" -n "\([^"]*\)".*/\2\/\1/p' "$PLINTH_RUN_DIR/drain" |
    sort -u | paste -s -d ' ')
  unmanaged=$(sed -n 's/.*declare no controller ([^)]*): *//p' "$PLINTH_RUN_DIR/drain" |
    sed 's/, cannot delete .*//; s/, continuing command.*//' | tail -n 1)
  result blocking "${blocking:-$unmanaged}"
  if [[ -n $blocking ]]; then
    # shellcheck disable=SC2086 # one word for each pod
    budgets=$(budgets_over $blocking | paste -s -d ' ') || budgets=
    fail StepFailed "the node $SUBJECT cannot be drained: a disruption budget keeps $blocking${budgets:+ (budget $budgets)}" \
      "Let the budget allow it (kubectl get pdb -A) or move $blocking, then retry."
  elif [[ -n $unmanaged ]]; then
    fail StepFailed "the node $SUBJECT cannot be drained: no controller would start these again: $unmanaged" \
      "Delete them yourself (kubectl delete pod), then retry."
  fi
  fail StepFailed "the node $SUBJECT is not drained within $DRAIN_SECONDS s" \
    "See which pods are left: kubectl get pods -A --field-selector spec.nodeName=$SUBJECT"
fi
note "$SUBJECT is drained"
