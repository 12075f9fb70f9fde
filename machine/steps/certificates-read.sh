# shellcheck shell=bash
# When this control plane's certificates end. A look beside whatever is done to the machine: it changes nothing, and
# since it takes no part in who may work here, it looks itself whose machine this is. API_SERVER: its own `address:port`.

grep -qs "\"clusterId\":\"$PLINTH_CLUSTER_ID\"" "$PLINTH_STATE/owner" ||
  fail NotClaimed 'this machine is not one of the cluster'
rows=$(certificate_rows)
[[ -n $rows ]] || fail StepFailed 'there is no certificate of kubeadm on this machine'
# What is served may be older than the file.
if what=$(served_certificate "$API_SERVER"); then rows+=$'\n'"$what apiserver (served)"; fi
tell_expiry "$rows"
