# shellcheck shell=bash
# Deletes the node's object, and so its pods' from the API.
node_exists || skip "the cluster has no node $SUBJECT"
again run kubectl delete node "$SUBJECT" --ignore-not-found --timeout=60s
! node_exists || fail StepFailed "the node $SUBJECT is still there" \
  "A finalizer may hold it: kubectl get node $SUBJECT -o yaml"
