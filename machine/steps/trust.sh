# shellcheck shell=bash
# PROXY_CA: the certificates of a proxy that opens TLS. The machine trusts them, and so does whatever starts
# after that: containerd reads them once.

# What the system's own tool rewrites from the folder of local certificates. Before any package comes: what was
# not there then goes again.
record_trust() {
  local file
  record_path /etc/ssl/certs
  record_path /etc/ssl/certs/ca-certificates.crt
  record_path /usr/local/share/ca-certificates
  [[ -d /etc/pki/ca-trust/extracted ]] || return 0
  record_path /etc/pki/ca-trust/extracted
  while IFS= read -r file; do record_path "$file"; done < <(
    find /etc/pki/ca-trust/extracted -type f ! -path '*/directory-hash/*'
  )
}

# trust_proxy: a system without such a tool gets it with its packages, and comes here again.
trust_proxy() {
  local folder tool reader=${PLINTH_READER-}
  if have update-ca-certificates; then
    folder=/usr/local/share/ca-certificates tool=(update-ca-certificates)
  elif have update-ca-trust; then
    folder=/etc/pki/ca-trust/source/anchors tool=(update-ca-trust extract)
  else
    return 0
  fi
  files_of trust
  setting_file "$folder/plinth-proxy.crt" 0644 "$PROXY_CA"
  files_of "$reader"
  changes_pending trust || return 0
  run "${tool[@]}"
  plinth_mark_pending
  changes_taken trust
  # shellcheck disable=SC2034 # as put_file says it
  CHANGED=1
}
