# shellcheck shell=bash
# What is served is what was renewed, and what was renewed is accepted: asked of the live control plane. API_SERVER,
# ETCD_PEER: this one's own `address:port`.

wrong=()

# same NAME ADDRESS WORDS…: NAME is what ADDRESS serves.
same() {
  local name=$1 address=$2 what
  shift 2
  what=$(served_certificate "$address" "$@") || what='0 none'
  if [[ $(certificate_of "$name" | describe_certificate) == "$what" ]]; then
    note "$address serves $name: serial ${what#* }, until $(date -u -d "@${what% *}" +%Y-%m-%dT%H:%M:%SZ)"
  else
    wrong+=("$address does not serve the renewed $name")
  fi
}

client=(-cert "$ETCD_PKI/server.crt" -key "$ETCD_PKI/server.key")
same apiserver "$API_SERVER"
same etcd/server 127.0.0.1:2379 "${client[@]}"
same etcd/peer "$ETCD_PEER" "${client[@]}"
for conf in admin.conf controller-manager.conf scheduler.conf; do
  answer=$(kubectl --kubeconfig "/etc/kubernetes/$conf" --server "https://$API_SERVER" --request-timeout=20s \
    get --raw /readyz 2>&1) || true
  [[ $answer == ok ]] || wrong+=("the API server does not accept $conf")
done
for part in "${PARTS[@]}"; do
  if is_old "$part"; then wrong+=("$part runs with the certificates of before"); fi
done
((${#wrong[@]} == 0)) || fail StepFailed "$(printf '%s; ' "${wrong[@]}")" \
  'Retry: what runs with old certificates is started anew. kubeadm certs check-expiration tells what the files say.'
