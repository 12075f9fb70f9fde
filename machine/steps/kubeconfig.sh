# shellcheck shell=bash
# The cluster's admin kubeconfig, as a result: it never shows in the output.
[[ -s /etc/kubernetes/admin.conf ]] || fail StepFailed 'there is no admin.conf on this control plane'
result kubeconfig "$(cat /etc/kubernetes/admin.conf)"
