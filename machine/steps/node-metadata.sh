# shellcheck shell=bash
# Labels and annotations by server-side apply: what the spec drops goes, what others set stays. Taints are a
# list without owners, so ours are remembered in an annotation. NODES: Node objects, one JSON a line;
# TAINTS: rows of `node key=value:effect…`.

export KUBECONFIG=$ADMIN
there=" $(kube get nodes -o 'jsonpath={.items[*].metadata.name}') "
hint 'The message above names the node and what the API server does not accept about it.'

objects=
while IFS=$'\t' read -r name object; do
  # Nodes that did not join have their own error: they are not created from here.
  [[ $there == *" $name "* ]] || continue
  objects+="$object"$'\n'
done <<<"$NODES"
[[ -n $objects ]] || skip 'no node of the spec has joined'
printf 'kubectl apply --server-side (labels and annotations)\n' >"$PLINTH_RUN_DIR/command"
printf '%s' "$objects" | kube apply --server-side --field-manager=plinth-node --force-conflicts -f - >/dev/null

while read -r name taints; do
  [[ -n $name && $there == *" $name "* ]] || continue
  had=$(kube get node "$name" -o 'jsonpath={.metadata.annotations.plinth\.io/taints}')
  [[ $had != "$taints" ]] || continue
  for taint in $had; do
    # key=value:effect is dropped by key:effect.
    [[ " $taints " == *" $taint "* ]] || run kube taint node "$name" "${taint%%=*}:${taint##*:}-" || true
  done
  # shellcheck disable=SC2086 # a list
  [[ -z $taints ]] || run kube taint node "$name" --overwrite $taints
  kube annotate node "$name" --overwrite "plinth.io/taints=$taints" >/dev/null
done <<<"$TAINTS"
