# shellcheck shell=bash
# Labels and annotations by server-side apply: what the spec drops goes, what others set stays. Taints are a
# list without owners, so ours are remembered in an annotation. NODES: Node objects, one JSON a line;
# TAINTS: rows of `node key=value:effect…`.

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

# Of all nodes at once: `node TAB ours TAB key=value:effect…`.
now=$(kube get nodes -o 'jsonpath={range .items[*]}{.metadata.name}{"\t"}{.metadata.annotations.plinth\.io/taints}{"\t"}{range .spec.taints[*]}{.key}={.value}:{.effect} {end}{"\n"}{end}')

keep_in_mind() { kube annotate node "$1" --overwrite "plinth.io/taints=$2" >/dev/null; }

without_value() { printf '%s:%s' "${1%%=*}" "${1##*:}"; }

# set_taints NODE WANTED OURS PRESENT
set_taints() {
  local name=$1 wanted=$2 ours=$3 present=" $4 " taint kept=' ' drop=() add=()
  for taint in $wanted; do
    kept+="$(without_value "$taint") "
    [[ $present == *" $taint "* ]] || add+=("$taint")
  done
  for taint in $ours; do
    [[ $kept != *" $(without_value "$taint") "* && $present == *" $taint "* ]] || continue
    drop+=("$(without_value "$taint")-")
  done
  # Remembered before they are set: a kill in between must not leave a taint that is nobody's.
  if ((${#add[@]})); then
    keep_in_mind "$name" "$(printf '%s\n' "$ours" "$wanted" | tr ' ' '\n' | awk 'NF && !seen[$0]++' | paste -s -d ' ')"
    run kube taint node "$name" --overwrite "${add[@]}"
  fi
  ((${#drop[@]} == 0)) || run kube taint node "$name" "${drop[@]}"
  [[ $ours == "$wanted" && ${#add[@]} -eq 0 ]] || keep_in_mind "$name" "$wanted"
}

while read -r name wanted; do
  [[ -n $name && $there == *" $name "* ]] || continue
  row=$(grep -m 1 -- "^$name"$'\t' <<<"$now")
  ours=${row#*$'\t'}
  set_taints "$name" "$wanted" "${ours%%$'\t'*}" "${ours#*$'\t'}"
done <<<"$TAINTS"
