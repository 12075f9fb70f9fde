# shellcheck shell=bash
# On the restored control plane, once: the snapshot knows nodes as they were. OTHERS: control planes, which join anew
# under their names; KEEP: the nodes that stay. What nobody answers for any more goes, too. TURN: the restore's turn.

PRUNED=$PLINTH_STATE/restore-pruned

if [[ $(cat "$PRUNED" 2>/dev/null) == "$TURN" ]]; then skip 'it was done by this restore'; fi
hint 'Does the API server answer on this control plane? kubectl get --raw /readyz?verbose tells.'

leases() { kube -n kube-node-lease get lease -o 'jsonpath={range .items[*]}{.metadata.name} {.spec.renewTime}{"\n"}{end}'; }

for name in $OTHERS; do run kube delete node "$name" --ignore-not-found --timeout=60s; done
unknown=()
nodes=$(kube get nodes -o 'jsonpath={.items[*].metadata.name}')
for name in $nodes; do
  [[ " $KEEP $OTHERS " == *" $name "* ]] || unknown+=("$name")
done
if ((${#unknown[@]})); then
  before=$(leases)
  note "not in the spec: ${unknown[*]}; waiting whether they report"
  sleep "$PATIENCE"
  after=$(leases)
  for name in "${unknown[@]}"; do
    if [[ $(grep -F "$name " <<<"$after") == $(grep -F "$name " <<<"$before") ]]; then
      run kube delete node "$name" --ignore-not-found --timeout=60s
    else
      note "$name reports, so it stays"
    fi
  done
fi
printf '%s\n' "$TURN" >"$PRUNED"
