# shellcheck shell=bash
# Before any control plane of the cluster gets the data of a snapshot, none may go on with what it has: its API server
# would answer from it, and its etcd would vote. TURN: the restore's, which is another one where another
# machine gets the data.

if is_marked "$TURN"; then skip 'this control plane has its data back already'; fi
stop_static_pods
[[ -z $(static_pids) ]] || fail StepFailed 'the control plane still runs' 'Reboot the machine, then retry.'
note 'the kubelet and the control plane are stopped; other pods run on'
