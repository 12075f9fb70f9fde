# shellcheck shell=bash
# For the steps that take a node out through another control plane's machine. SUBJECT: the node.
export KUBECONFIG=/etc/kubernetes/admin.conf

kube() { kubectl --request-timeout=30s "$@"; }

# again CMD…: up to three times; the endpoint may just have lost the control plane that it asked.
again() {
  local tries
  for ((tries = 1; tries < 3; tries++)); do
    "$@" && return
    sleep 2
  done
  "$@"
}

# Whether the API server knows the node; not being able to ask is an error, never a no.
node_exists() {
  local found
  found=$(again kube get node "$SUBJECT" --ignore-not-found -o name) ||
    fail StepFailed 'the API server does not answer on this control plane' \
      'Choose a healthy control plane, or bring this one back.'
  [[ -n $found ]]
}
