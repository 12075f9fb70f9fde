# shellcheck shell=bash
# What makes a cluster this cluster, as a result that never shows in the output: its authorities and the key of its
# service accounts. Everything else of /etc/kubernetes follows from them.

files=(ca.crt ca.key sa.key sa.pub front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key)
for file in "${files[@]}"; do
  [[ -s /etc/kubernetes/pki/$file ]] || fail StepFailed "there is no /etc/kubernetes/pki/$file on this control plane" \
    'Without it a snapshot cannot be restored on machines that lost everything: put it back from another control plane.'
done
result keys "$(tar -C /etc/kubernetes/pki -czf - "${files[@]}" | base64 -w0)"
