# shellcheck shell=bash
# For the steps that take a node out through another control plane's machine. SUBJECT: the node.
export KUBECONFIG=/etc/kubernetes/admin.conf

kube() { kubectl --request-timeout=30s "$@"; }

# Whether the API server knows the node; not being able to ask is an error, never a no.
node_exists() {
  local found
  found=$(kube get node "$SUBJECT" --ignore-not-found -o name) ||
    fail StepFailed 'the API server does not answer on this control plane' \
      'Choose a healthy control plane, or bring this one back.'
  [[ -n $found ]]
}
