#!/usr/bin/env bash
# What a careful person with a shell does: the product's own scripts over OpenSSH, one multiplexed connection
# a machine, machines side by side, and nobody goes on before everybody is there. FOLDER is written by
# handPlan.ts; the times of every step go to FOLDER/times.
set -Eeuo pipefail
folder=$1
export SSH_KEY=$2
mapfile -t rows <"$folder/machines"
declare -A login=()
machines=()
for row in "${rows[@]}"; do
  read -r name user address <<<"$row"
  machines+=("$name")
  login[$name]=$user@$address
done
leader=${machines[0]}
workers=("${machines[@]:1}")
mkdir -p "$folder/log"

now_ms() { printf '%s' "$((${EPOCHREALTIME//[!0-9]/} / 1000))"; }

on() {
  local machine=$1
  shift
  ssh -F none -i "$SSH_KEY" -o BatchMode=yes -o "UserKnownHostsFile=$folder/known_hosts" \
    -o ControlMaster=auto -o "ControlPath=$folder/ssh-%n" -o ControlPersist=60 "${login[$machine]}" "$@"
}

close_connections() {
  local machine
  for machine in "${machines[@]}"; do on "$machine" -O exit 2>/dev/null || true; done
}
trap close_connections EXIT

# timed MACHINE NAME COMMAND…: a failure shows the end of what the machine said.
timed() {
  local machine=$1 name=$2 log=$folder/log/$1-$2 from
  shift 2
  from=$(now_ms)
  "$@" >"$log" 2>&1 || {
    printf '%s %s failed:\n' "$machine" "$name" >&2
    tail -n 15 "$log" >&2
    return 1
  }
  printf '%s %s %s %s\n' "$machine" "$name" "$from" "$(now_ms)" >>"$folder/times"
}

pipe_script() { sed "s/CA-CERT-HASH-GOES-HERE/${ca_cert_hash-}/g" "$folder/$1/$2.sh" | on "$1" 'sudo -n bash -s'; }

step() { timed "$1" "$2" pipe_script "$1" "$2"; }

send() {
  local sum path
  on "$1" 'sudo -n mkdir -p /var/lib/plinth/artifacts' || return
  while read -r sum path; do
    on "$1" "sudo -n sh -c 'cat >/var/lib/plinth/artifacts/$sum'" <"$path" || return
  done <"$folder/$1/files"
}

prepare() {
  timed "$1" artifacts send "$1"
  local name
  for name in claim os-prepare packages container-runtime api-endpoint binaries images; do step "$1" "$name"; done
}

join() { step "$1" kubeadm-join; }

# everywhere COMMAND MACHINE…: on all of them at once, and waits for all.
everywhere() {
  local command=$1 pids=() pid failed=0
  shift
  for machine in "$@"; do
    $command "$machine" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
  return "$failed"
}

facts() { step "$1" facts; }
ready() { step "$1" node-ready; }

everywhere facts "${machines[@]}"
everywhere prepare "${machines[@]}"
for name in kubeadm-init kubeconfig cni; do step "$leader" "$name"; done
ca_cert_hash=$(tail -n 1 "$folder/log/$leader-kubeadm-init")
everywhere join "${workers[@]}"
everywhere ready "${machines[@]}"
for name in check-in node-metadata namespace-sync blueprint-sync blueprint-health; do step "$leader" "$name"; done
