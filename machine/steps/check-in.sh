# shellcheck shell=bash
# The API server answers through this machine and lists the nodes that joined. Nobody joins now: the tokens
# of those that did, or failed to, go before their half hour is over.
hint 'kubectl get --raw /readyz?verbose on this control plane tells what is not ready.'
run kube get --raw /readyz
printf '\n'
kube -n kube-system delete secret --selector \
  app.kubernetes.io/managed-by=plinth,app.kubernetes.io/component=join-token --ignore-not-found >/dev/null
result nodes "$(kube get nodes -o name | wc -l)"
result version "$(kube version -o yaml | sed -n '/serverVersion/,$ s/ *gitVersion: //p')"
