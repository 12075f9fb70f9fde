# shellcheck shell=bash
# The certificates that kubeadm made on this control plane. Not among them: the authorities, which last ten years, and
# those of the kubelet, which it renews by itself.

CERTIFICATES=(apiserver apiserver-etcd-client apiserver-kubelet-client front-proxy-client etcd/server etcd/peer
  etcd/healthcheck-client admin.conf controller-manager.conf scheduler.conf super-admin.conf)

certificate_file() {
  case $1 in
    *.conf) printf '/etc/kubernetes/%s' "$1" ;;
    *) printf '/etc/kubernetes/pki/%s.crt' "$1" ;;
  esac
}

# certificate_of NAME: as PEM; of a kubeconfig that of its user.
certificate_of() {
  case $1 in
    *.conf) sed -n 's/^ *client-certificate-data: *//p' "$(certificate_file "$1")" | base64 -d ;;
    *) cat "$(certificate_file "$1")" ;;
  esac
}

# The first certificate on stdin, as `END SERIAL`: END in seconds since 1970.
describe_certificate() {
  local text end
  text=$(openssl x509 -noout -enddate -serial 2>/dev/null) || return 1
  end=$(date -u -d "$(sed -n 's/^notAfter=//p' <<<"$text")" +%s) || return 1
  printf '%s %s' "$end" "$(sed -n 's/^serial=//p' <<<"$text")"
}

# Rows of `END SERIAL NAME` of those that are there: super-admin.conf is only where the cluster was initialised.
certificate_rows() {
  local name what
  for name in "${CERTIFICATES[@]}"; do
    [[ -s $(certificate_file "$name") ]] || continue
    # A person's own way to log in has no certificate to be renewed.
    [[ $name != *.conf ]] || grep -q client-certificate-data "$(certificate_file "$name")" || continue
    what=$(certificate_of "$name" | describe_certificate) || what="0 unreadable"
    printf '%s %s\n' "$what" "$name"
  done
}

# served_certificate ADDRESS WORDS…: what is served there now, as `END SERIAL`. SERVED_SECONDS: how long it is waited for.
served_certificate() {
  local address=$1
  shift
  timeout "${SERVED_SECONDS:-10}" openssl s_client -connect "$address" "$@" </dev/null 2>/dev/null | describe_certificate
}

# tell_expiry ROWS: the first that ends, as results.
tell_expiry() {
  local end name
  read -r end _ name < <(sort -s -n -k 1,1 <<<"$1")
  [[ -n $name ]] || return 0
  result certificatesExpireAt "$(date -u -d "@$end" +%Y-%m-%dT%H:%M:%SZ)"
  result certificatesFirst "$name"
}
