# shellcheck shell=bash
# The node is in: its token goes.
kube -n kube-system delete secret "bootstrap-token-${TOKEN%%.*}" --ignore-not-found >/dev/null
