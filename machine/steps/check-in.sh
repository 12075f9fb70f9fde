# shellcheck shell=bash
# The API server answers through this machine and lists the nodes that joined.
hint 'kubectl get --raw /readyz?verbose on this control plane tells what is not ready.'
run kube get --raw /readyz
printf '\n'
result nodes "$(kube get nodes -o name | wc -l)"
result version "$(kube version -o yaml | sed -n '/serverVersion/,$ s/ *gitVersion: //p')"
