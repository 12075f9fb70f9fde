# shellcheck shell=bash
# Before a drain that is taken back: what a person had cordoned stays cordoned afterwards.

if node_exists && [[ $(again kube get node "$SUBJECT" -o 'jsonpath={.spec.unschedulable}') != true ]]; then
  again kube annotate node "$SUBJECT" --overwrite plinth.io/cordoned=true >/dev/null
fi
