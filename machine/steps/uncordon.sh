# shellcheck shell=bash
# Takes back a cordon of ours, and no other.

node_exists || skip "the cluster has no node $SUBJECT"
ours=$(again kube get node "$SUBJECT" -o 'jsonpath={.metadata.annotations.plinth\.io/cordoned}')
[[ $ours == true ]] || skip "$SUBJECT was not cordoned by plinth"
hint 'kubectl uncordon does the same by hand.'
again run kubectl uncordon "$SUBJECT"
again kube annotate node "$SUBJECT" plinth.io/cordoned- >/dev/null
