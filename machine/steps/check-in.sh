# shellcheck shell=bash
# The API server answers through this machine, and what it lists as nodes is what the spec holds. Nobody joins now:
# the tokens of those that did, or failed to, go before their half hour is over.
# NODES: rows of `hostname privateIP` of the spec.

# `hostname address…` of every node there is.
listed() {
  kube get nodes -o 'jsonpath={range .items[*]}{.metadata.name}{range .status.addresses[?(@.type=="InternalIP")]}{" "}{.address}{end}{"\n"}{end}'
}

# One that has not joined failed by itself, and its own step says why; one that another machine's kubelet
# answers for would get what this one's work is.
compare() {
  local name address there addresses wrong=()
  while read -r name address; do
    [[ -n $name ]] || continue
    there=$(awk -v name="$name" '$1 == name' <<<"$1")
    if [[ -z $there ]]; then
      note "$name of the spec is not among the nodes: it has not joined"
      continue
    fi
    addresses=" ${there#"$name"} "
    [[ $addresses == *" $address "* ]] || wrong+=("$name is at${there#"$name"}, in the spec at $address")
  done <<<"$NODES"
  while read -r name _; do
    [[ -z $name || -n $(awk -v name="$name" '$1 == name' <<<"$NODES") ]] ||
      note "the node $name is not in the spec: it is left alone"
  done <<<"$1"
  ((${#wrong[@]} == 0)) || fail StepFailed "nodes are not the machines of the spec: $(printf '%s; ' "${wrong[@]}")" \
    'Take the wrong machine out (kubectl delete node NAME, and kubeadm reset on it), or mend its --node-ip; then retry.'
}

hint 'kubectl get --raw /readyz?verbose on this control plane tells what is not ready.'
run kube get --raw /readyz
printf '\n'
kube -n kube-system delete secret --selector \
  app.kubernetes.io/managed-by=plinth,app.kubernetes.io/component=join-token --ignore-not-found >/dev/null
nodes=$(listed)
compare "$nodes"
result nodes "$(grep -c . <<<"$nodes")"
result version "$(kube version -o yaml | sed -n '/serverVersion/,$ s/ *gitVersion: //p')"
