# shellcheck shell=bash
# What is served is what was renewed, and what was renewed is accepted: asked of the live control plane. API_SERVER,
# ETCD_PEER: this one's own `address:port`.

wrong=()

# same NAME ADDRESS WORDS…: NAME is what ADDRESS serves.
same() {
  local served
  if serves_renewed "$@"; then
    note "$2 serves $1: serial ${served#* }, until $(date -u -d "@${served% *}" +%Y-%m-%dT%H:%M:%SZ)"
  else
    wrong+=("$2 does not serve the renewed $1")
  fi
}

same apiserver "$API_SERVER"
same etcd/server 127.0.0.1:2379 "${ETCD_CLIENT[@]}"
same etcd/peer "$ETCD_PEER" "${ETCD_CLIENT[@]}"
for conf in admin.conf controller-manager.conf scheduler.conf; do
  answer=$(kubectl --kubeconfig "/etc/kubernetes/$conf" --server "https://$API_SERVER" --request-timeout=20s \
    get --raw /readyz 2>&1) || true
  [[ $answer == ok ]] || wrong+=("the API server does not accept $conf")
done
# Of etcd that was asked above: it goes on with what is on disk.
for part in "${PARTS[@]:1}"; do
  if is_old "$part"; then wrong+=("$part runs with the certificates of before"); fi
done
((${#wrong[@]} == 0)) || fail StepFailed "$(printf '%s; ' "${wrong[@]}")" \
  'Retry: what runs with old certificates is started anew. kubeadm certs check-expiration tells what the files say.'
