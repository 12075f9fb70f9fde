# shellcheck shell=bash
# The control plane's own processes. Other pods of the machine are left running.

STATIC_PODS='^(etcd|kube-apiserver|kube-controller|kube-scheduler)$'
# What a restore has made of this control plane: its turn and, where the data of the snapshot is in place, the hash of its CA.
ORIGIN=$PLINTH_STATE/restored-from

static_pids() {
  local file pid
  for file in /proc/[0-9]*/comm; do
    pid=${file#/proc/}
    pid=${pid%/comm}
    [[ $(cat "$file" 2>/dev/null) =~ $STATIC_PODS ]] || continue
    # One that people run by themselves is none of ours.
    ! grep -qs kubepods "/proc/$pid/cgroup" || printf '%s\n' "$pid"
  done
}

# Without the kubelet nothing starts them again; without their manifests no reboot does.
stop_static_pods() {
  local pid tries
  if systemctl cat kubelet.service >/dev/null 2>&1; then run systemctl stop kubelet.service; fi
  rm -f /etc/kubernetes/manifests/*.yaml
  for ((tries = 0; tries < 300; tries++)); do
    mapfile -t pids < <(static_pids)
    ((${#pids[@]})) || return 0
    # In peace first: etcd writes down what it has.
    for pid in "${pids[@]}"; do
      if ((tries < 200)); then kill "$pid" 2>/dev/null || true; else kill -KILL "$pid" 2>/dev/null || true; fi
    done
    sleep 0.1
  done
  fail StepFailed "processes of the control plane do not end: ${pids[*]}" \
    'They may hang in the kernel (a dead disk): reboot the machine, then retry.'
}

# is_marked TURN: this turn of a restore has been at work here, whether it brought the data or put aside what there was.
is_marked() { [[ $(cut -d ' ' -f 1 "$ORIGIN" 2>/dev/null) == "$1" ]]; }

# has_data_of TURN: it brought the data, which is still here.
has_data_of() {
  [[ -s /etc/kubernetes/pki/ca.crt && -s /var/lib/etcd/member/snap/db ]] &&
    [[ $(cat "$ORIGIN" 2>/dev/null) == "$1 $(ca_cert_hash)" ]]
}

mark_origin() { printf '%s\n' "$*" >"$ORIGIN.new" && sync "$ORIGIN.new" && mv -f "$ORIGIN.new" "$ORIGIN"; }

ASIDE=$PLINTH_STATE/before-restore

# put_aside DIR: what was in it when the restore RESTORE began is kept until the next restore; what came since goes.
# The folder itself stays: it may be a disk of its own.
put_aside() {
  local to=$ASIDE/$RESTORE/${1//\//_}
  [[ -d $1 ]] || return 0
  if [[ -d $to ]]; then
    find "$1" -mindepth 1 -delete
    return
  fi
  mkdir -p "$to.new"
  find "$1" -mindepth 1 -maxdepth 1 -exec mv -f -t "$to.new" {} +
  mv -T "$to.new" "$to"
}

# Of earlier restores nothing is kept: the disk holds one copy of the data beside the live one.
open_aside() {
  mkdir -p "$ASIDE"
  chmod 700 "$ASIDE"
  find "$ASIDE" -mindepth 1 -maxdepth 1 ! -name "$RESTORE" -exec rm -rf {} +
  mkdir -p "$ASIDE/$RESTORE"
}
