# shellcheck shell=bash
# On a control plane that answers, just before SUBJECT joins: a token of half an hour for this node alone,
# and, for a control plane, the certificates under a key of its own.

hint 'Is this control plane healthy? kubectl get --raw /readyz?verbose on it tells.'
kube get --raw /readyz >/dev/null

# Before one more member has to agree, all that there are must: the next failure could be one too many.
# What an earlier attempt of this very node left is the business of its own join.
why_not() {
  local list
  if list=$(etcd_members "$ETCD_HERE"); then
    may_add "$(etcd_rows "$list" "$SUBJECT $SUBJECT_IP")" "$SUBJECT"
  else
    printf 'etcd does not answer on this control plane'
  fi
}

etcd_is_whole() {
  local until=$((SECONDS + 60)) because
  while because=$(why_not) && [[ -n $because ]]; do
    ((SECONDS < until)) || fail QuorumRisk "$because" "$QUORUM_HINT"
    sleep 1
  done
}

[[ -z $UPLOAD_CONFIG ]] || etcd_is_whole

id=${TOKEN%%.*}
expires=$(date -u -d '+30 minutes' +%Y-%m-%dT%H:%M:%SZ)
kube apply --server-side --field-manager=plinth --force-conflicts -f - >/dev/null <<YAML
apiVersion: v1
kind: Secret
metadata:
  name: bootstrap-token-$id
  namespace: kube-system
  labels:
    app.kubernetes.io/managed-by: plinth
    app.kubernetes.io/component: join-token
type: bootstrap.kubernetes.io/token
stringData:
  token-id: "$id"
  token-secret: "${TOKEN#*.}"
  expiration: "$expires"
  usage-bootstrap-authentication: "true"
  usage-bootstrap-signing: "true"
  auth-extra-groups: system:bootstrappers:kubeadm:default-node-token
  description: "plinth: $SUBJECT joins"
YAML
# The discovery document must carry this token's signature before the node asks for it.
for ((tries = 0; tries < 100; tries++)); do
  [[ -z $(kube -n kube-public get configmap cluster-info -o "jsonpath={.data.jws-kubeconfig-$id}") ]] || break
  sleep 0.1
done
((tries < 100)) || fail StepFailed 'the controller manager does not sign the bootstrap token' \
  'Is kube-controller-manager running on the control planes?'

if [[ -n $UPLOAD_CONFIG ]]; then
  config=$(secret_file upload-certs.yaml <<<"$UPLOAD_CONFIG")
  run kubeadm init phase upload-certs --upload-certs --config "$config" --skip-certificate-key-print >/dev/null
fi
result caCertHash "$(ca_cert_hash)"
