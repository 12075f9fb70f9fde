# shellcheck shell=bash
# Every kubelet renews its own client certificate: asked of each one, through the API server, how long that has to go
# and whether it has failed to get another. A node that is not Ready has other troubles, and is told.

# Of a year, a kubelet has a tenth to go when it asks at the latest.
SOON=$((30 * 24 * 3600))

# `NODE TTL ERRORS` of each that answers.
told() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  xargs -r -P 8 -n 1 sh -c '
    kubectl --kubeconfig "$0" --request-timeout=20s get --raw "/api/v1/nodes/$1/proxy/metrics" 2>/dev/null | awk -v node="$1" "
      \$1 == \"kubelet_certificate_manager_client_ttl_seconds\" { ttl = \$2 }
      \$1 == \"kubelet_certificate_manager_client_expiration_renew_errors\" { errors = \$2 }
      END { if (ttl != \"\") printf \"%s %s %d\\n\", node, ttl, errors }"
  ' "$ADMIN"
}

hint 'kubectl get --raw /readyz?verbose on this control plane tells what is not ready.'
names=$(kube get nodes -o 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}')
rows=$(told <<<"$names" | sort)
late=$(awk -v soon="$SOON" '$2 != "+Inf" && ($2 + 0 <= 0 || ($3 > 0 && $2 + 0 < soon)) {
  printf "%s has %d hours to go; ", $1, $2 / 3600 }' <<<"$rows")
silent=$(grep -vxFf <(cut -d ' ' -f 1 <<<"$rows") <<<"$names" || true)
[[ -z $silent ]] || note "could not be asked: ${silent//$'\n'/, }"
[[ -z $late ]] || fail StepFailed "kubelets do not get new certificates: ${late%; }" \
  'journalctl -u kubelet on that machine tells why; kubectl get csr. One whose certificate has ended joins anew: take it out of the spec, then add it again.'
note "$(grep -c . <<<"$rows" || true) kubelets renew their certificates"
