# shellcheck shell=bash
# A pod that is evicted leaves its services when the cluster's controllers say so, and it lives on for no longer than its
# grace. Controllers that are just being restarted, or elect another leader, say nothing for a quarter of a minute: what is
# drained then goes on getting requests after it is gone. So they are asked to do what they will have to do: make the
# EndpointSlice of a service, one that selects nothing and has no address.

PROBE_NAMESPACE=kube-system
PROBE=plinth-probe-$(printf '%s' "$SUBJECT" | sha256sum | cut -c 1-10)

probe_service() {
  printf '%s\n' "apiVersion: v1
kind: Service
metadata:
  name: $PROBE
  namespace: $PROBE_NAMESPACE
  labels: {app.kubernetes.io/managed-by: plinth}
spec:
  clusterIP: None
  selector: {plinth.io/probe: $PROBE}
  ports: [{port: 80}]"
}

# Whether there is a slice of this very service, not of one of its name before.
probe_answered() {
  kube -n "$PROBE_NAMESPACE" get endpointslices -l "kubernetes.io/service-name=$PROBE" \
    -o 'jsonpath={.items[*].metadata.ownerReferences[*].uid}' 2>/dev/null | grep -qF "$1"
}

end_probe() { kube -n "$PROBE_NAMESPACE" delete service "$PROBE" --ignore-not-found --wait=false >/dev/null 2>&1 || true; }

# endpoints_follow SECONDS: the controllers keep up; no when they do not within that time.
endpoints_follow() {
  local until=$((SECONDS + $1)) uid=
  end_probe
  while :; do
    [[ -n $uid ]] || uid=$(probe_service | kube create -f - -o 'jsonpath={.metadata.uid}' 2>/dev/null) || uid=
    if [[ -n $uid ]] && probe_answered "$uid"; then
      end_probe
      return 0
    fi
    ((SECONDS < until)) || break
    sleep 0.5
  done
  end_probe
  return 1
}
