# shellcheck shell=bash
# One look, in one round trip, that changes nothing. Arguments: `cluster`, through a control plane: the nodes as the API
# server lists them and etcd's members; `machine`: this machine's own certificates, disks and drift. Rows of fields with
# tabs between them go to stdout; a row that is not there could not be told. etcd-lib.sh and certificates-lib.sh are before it.

row() {
  local IFS=$'\t'
  printf '%s\n' "$*"
}

# Last of the fields is the message: what Kubernetes writes there may hold anything.
NODE_ROW='{"node\t"}{.metadata.name}{"\t"}{.status.nodeInfo.kubeletVersion}{"\t"}{.spec.unschedulable}{"\t"}{range .status.addresses[?(@.type=="InternalIP")]}{.address}{" "}{end}{"\t"}{range .status.conditions[?(@.status!="False")]}{.type}{" "}{end}{"\t"}{range .status.conditions[?(@.type=="Ready")]}{.status}{"\t"}{.lastTransitionTime}{"\t"}{.reason}{"\t"}{.message}{end}{"\n"}'

look_cluster() {
  local answer
  # Its cache goes with our other files: nothing stays in root's home.
  if answer=$(kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/plinth/kubectl --request-timeout=10s \
    get nodes -o "jsonpath={range .items[*]}${NODE_ROW}{end}" 2>&1); then
    printf '%s\n' "$answer"
    row api answers
  else
    row api silent "$(tail -n 1 <<<"$answer" | tr '\t' ' ')"
    return
  fi
  look_etcd
}

look_etcd() {
  local list name vote health
  list=$(etcd_members "$ETCD_HERE" 2>/dev/null) && [[ -n $list ]] || return 0
  while read -r name vote health; do
    [[ -z $name ]] || row etcd "$name" "$vote" "$health"
  done < <(etcd_rows "$list" '')
  row etcd-told
}

# Where the API server of this machine is: kubeadm has written it into its manifest.
api_server() {
  local manifest=/etc/kubernetes/manifests/kube-apiserver.yaml address port
  address=$(sed -n 's/^ *- --advertise-address=//p' "$manifest" 2>/dev/null | head -n 1)
  port=$(sed -n 's/^ *- --secure-port=//p' "$manifest" 2>/dev/null | head -n 1)
  [[ -n $address ]] || return 1
  [[ $address != *:* ]] || address="[$address]"
  printf '%s:%s' "$address" "${port:-6443}"
}

# What a renewal renews, and what the kubelet renews by itself. One that cannot be read ends in 1970.
look_certificates() {
  local rows what end name address file=/var/lib/kubelet/pki/kubelet-client-current.pem
  rows=$(certificate_rows)
  # What is served may be older than the file. The look has no time to wait for an API server that hangs.
  if address=$(api_server) && what=$(SERVED_SECONDS=3 served_certificate "$address"); then
    rows+=$'\n'"$what apiserver (served)"
  fi
  if [[ -e $file ]] && what=$(describe_certificate <"$file"); then rows+=$'\n'"$what kubelet-client"; fi
  while read -r end _ name; do
    [[ -z $name ]] || row certificate "$name" "$(date -u -d "@$end" +%Y-%m-%dT%H:%M:%SZ)"
  done <<<"$rows"
}

look_disks() {
  local path used free
  while read -r path used free; do
    row disk "$path" "$used" "$free"
  done < <(timeout 5 df -P -BM / /var/lib/kubelet /var/lib/containerd /var/lib/etcd 2>/dev/null |
    awk 'NR > 1 && !seen[$6]++ { sub(/%/, "", $5); sub(/M/, "", $4); print $6, $5, $4 }')
}

look_drift() {
  local unit area state
  for unit in kubelet containerd plinth-api-endpoint; do
    # No unit of ours where the cluster has a load balancer of its own.
    state=$(systemctl show -p LoadState --value "$unit.service" 2>/dev/null)
    # Without systemd at work there is nothing to say of units.
    [[ -n $state && $state != not-found ]] || continue
    [[ $(systemctl is-active "$unit.service" 2>/dev/null) == active ]] || row drift "$unit.service is not running"
    [[ $(systemctl is-enabled "$unit.service" 2>/dev/null) == enabled ]] ||
      row drift "$unit.service does not start with the machine"
  done
  while read -r area _; do
    row drift "swap is on: $area"
  done < <(tail -n +2 /proc/swaps 2>/dev/null)
  [[ $(cat /proc/sys/net/ipv4/ip_forward 2>/dev/null) != 0 ]] || row drift 'net.ipv4.ip_forward is 0'
}

look_machine() {
  row owner "$(cat /var/lib/plinth/owner 2>/dev/null)"
  look_certificates
  look_disks
  if systemctl --version >/dev/null 2>&1; then look_drift; fi
  row clock "$(date +%s)"
  row machine-told
}

# Everything is read before anything runs: what runs must not read on in the script.
main() {
  local part
  for part in "$@"; do
    case $part in
      cluster) look_cluster </dev/null ;;
      machine) look_machine </dev/null ;;
    esac
  done
  exit 0
}
main "$@"
