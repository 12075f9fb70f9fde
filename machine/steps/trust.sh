# shellcheck shell=bash
# PROXY_CA: the certificates of a proxy that opens TLS. The machine trusts them, and so does whatever starts
# after that: containerd reads them once.

# What the system's own tool reads.
trust_sources() {
  find /etc/ca-certificates.conf /usr/share/ca-certificates /usr/local/share/ca-certificates \
    /etc/pki/ca-trust/source /usr/share/pki/ca-trust-source -type f ! -name plinth-proxy.crt \
    -exec sha256sum {} + 2>/dev/null | sort || true
}

# What the system's own tool rewrites from the folder of local certificates. Before any package comes: what was
# not there then goes again.
record_trust() {
  local file
  [[ -e $PLINTH_BEFORE/trust-sources ]] || plinth_record "$PLINTH_BEFORE/trust-sources" "$(trust_sources)"
  # In folders that are there, others' certificates come and go.
  [[ -d /etc/ssl/certs ]] || record_path /etc/ssl/certs
  record_path /etc/ssl/certs/ca-certificates.crt
  [[ -d /usr/local/share/ca-certificates ]] || plinth_record_as /usr/local/share/ca-certificates made
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

# After the files: where others' certificates have changed since, what is put back is older than they are.
restore_trust() {
  local tool=(update-ca-certificates) sources=$PLINTH_BEFORE/trust-sources
  [[ -e $PLINTH_BEFORE/paths/$(plinth_path_key /etc/ssl/certs/ca-certificates.crt) ]] || return 0
  find /etc/ssl/certs -type l -lname '*plinth-proxy*' -delete 2>/dev/null || true
  ! trust_sources | cmp -s - "$sources" || return 0
  ! have update-ca-trust || tool=(update-ca-trust extract)
  ! have "${tool[0]}" || run "${tool[@]}" || note 'the certificates that the system trusts could not be gathered anew'
}
