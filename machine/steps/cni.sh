# shellcheck shell=bash
# The network, as the bundle's manifest rendered for this cluster. Nodes get Ready once it runs on them.
hint 'Is the API server healthy? kubectl get --raw /readyz?verbose on this control plane tells.'
printf 'kubectl apply --server-side (the network)\n' >"$PLINTH_RUN_DIR/command"
printf '%s' "$MANIFEST" | kube apply --server-side --field-manager=plinth --force-conflicts -f - |
  awk '{ count[$NF]++ } END { for (what in count) print count[what], what }'
result manifestSum "$(printf '%s' "$MANIFEST" | sha256sum | cut -d ' ' -f 1)"
