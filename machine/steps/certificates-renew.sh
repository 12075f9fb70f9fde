# shellcheck shell=bash
# New certificates in place of those that kubeadm made here, from the same authorities. What runs goes on with the old
# ones: which containers have them is noted, for the next step. RENEWAL: the renewal's id.

if renewal_noted; then skip 'these certificates were renewed already'; fi
hint 'openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -enddate on this machine; kubeadm certs check-expiration.'
before=$(certificate_rows)
[[ -n $before ]] || fail StepFailed 'there is no certificate of kubeadm on this machine'
note 'before:'
note "$before"
run kubeadm certs renew all
after=$(certificate_rows)
note 'now:'
note "$after"
old=()
while read -r end serial name; do
  if ((end == 0)) || grep -qxF "$(grep " $name\$" <<<"$before")" <<<"$end $serial $name"; then old+=("$name"); fi
done <<<"$after"
((${#old[@]} == 0)) || fail StepFailed "kubeadm has not renewed ${old[*]}" \
  'Are the keys of the authorities (ca.key, front-proxy-ca.key, etcd/ca.key) in /etc/kubernetes/pki? kubeadm says above.'
# Over a power cut they are as new as the mark says.
sync -f /etc/kubernetes/pki
note_renewal
