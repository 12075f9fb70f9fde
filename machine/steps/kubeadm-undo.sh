# shellcheck shell=bash
# What a kubeadm that was stopped in the middle left on this machine goes: it is prepared, and in no cluster.

was_complete && skip 'the node has joined, and stays'
half_way || skip 'nothing was begun'
hint 'A later apply resets the machine before it begins again.'
reset_half_state
! half_way || fail StepFailed 'parts of a node are still there after the reset'
