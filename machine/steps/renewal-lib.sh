# shellcheck shell=bash
# What of the control plane still has the certificates of before the renewal RENEWAL.

RENEWAL_NOTES=$PLINTH_STATE/renewal
# With etcd's certificates: what a handshake with it needs.
# shellcheck disable=SC2034
ETCD_CLIENT=(-cert /etc/kubernetes/pki/etcd/server.crt -key /etc/kubernetes/pki/etcd/server.key)

renewal_noted() { [[ $(cat "$RENEWAL_NOTES/id" 2>/dev/null) == "$RENEWAL" ]]; }

# After the renewal: one that starts in between has the new ones, and is started once more. The id comes last.
note_renewal() {
  local part
  rm -rf "$RENEWAL_NOTES"
  mkdir -p "$RENEWAL_NOTES"
  for part in "${PARTS[@]}"; do running "$part" >"$RENEWAL_NOTES/$part"; done
  printf '%s\n' "$RENEWAL" >"$RENEWAL_NOTES/id.new"
  sync "$RENEWAL_NOTES"/*
  mv -f "$RENEWAL_NOTES/id.new" "$RENEWAL_NOTES/id"
}

# noted PART: the id of its container from before the renewal.
noted() { cat "$RENEWAL_NOTES/$1" 2>/dev/null || true; }

# is_old PART: what runs is what ran before the renewal.
is_old() {
  local before
  before=$(noted "$1")
  [[ -n $before && $(running "$1") == "$before" ]]
}

# serves_renewed NAME ADDRESS WORDS…: ADDRESS serves the certificate NAME as it is on disk; `served` is what it serves.
serves_renewed() {
  local name=$1
  shift
  served=$(served_certificate "$@") || served='0 none'
  [[ $(certificate_of "$name" | describe_certificate) == "$served" ]]
}

# flag PART NAME DEFAULT: what its manifest gives it.
flag() {
  local value
  value=$(sed -n "s/^ *- --$2=//p" "/etc/kubernetes/manifests/$1.yaml" 2>/dev/null | head -n 1)
  printf '%s' "${value:-$3}"
}

# Of the two that nobody else calls: where they say how they are.
own_health() {
  local address port
  address=$(flag "$1" bind-address 127.0.0.1)
  port=$(flag "$1" secure-port "$2")
  case $address in
    0.0.0.0 | ::) address=127.0.0.1 ;;
    *:*) address="[$address]" ;;
  esac
  [[ $(curl -fsSk --noproxy '*' --connect-timeout 3 --max-time 10 "https://$address:$port/healthz" 2>/dev/null) == ok ]]
}

part_healthy() {
  case $1 in
    etcd) etcd_healthy "$ETCD_HERE" ;;
    kube-apiserver) [[ $(kube --server "https://$API_SERVER" get --raw /readyz 2>/dev/null) == ok ]] ;;
    kube-controller-manager) own_health "$1" 10257 ;;
    kube-scheduler) own_health "$1" 10259 ;;
  esac
}
