# shellcheck shell=bash
# The blueprint's namespaces and the cluster's identity in it.
printf '%s' "$MANIFEST" | run kube apply --server-side --field-manager=plinth --force-conflicts -f -
