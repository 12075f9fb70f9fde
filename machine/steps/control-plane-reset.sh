# shellcheck shell=bash
# A further control plane joins the restored one anew: what it had of the lost cluster is put aside. RESTORE: the
# restore's id; TURN: its turn.

if is_marked "$TURN"; then skip 'it was put aside by this restore'; fi
stop_static_pods
open_aside
put_aside /var/lib/etcd
put_aside /etc/kubernetes/pki
reset_half_state
rm -f "$COMPLETE"
mark_origin "$TURN"
