# shellcheck shell=bash
# Reads, changes nothing, and needs nothing that a bare Debian or RHEL lacks. A fact that cannot be
# had is left out. Lists are JSON.

# fact KEY COMMAND…: what it prints; nothing printed, or a failure, is no fact.
fact() {
  local key=$1 value
  shift
  value=$("$@" 2>/dev/null) || value=
  [[ -z $value ]] || result "$key" "$value"
}

# Lines "a<TAB>b…" on stdin to a JSON list of objects with the given keys; `#key`: a number.
json_rows() {
  awk -F '\t' -v keys="$*" '
    function quoted(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); gsub(/[[:cntrl:]]/, " ", s); return "\"" s "\"" }
    BEGIN { n = split(keys, key, " "); printf "[" }
    {
      row = ""
      for (i = 1; i <= n; i++) {
        if ($i == "") continue
        name = key[i]
        value = sub(/^#/, "", name) ? $i : quoted($i)
        row = row (row == "" ? "" : ",") quoted(name) ":" value
      }
      printf "%s{%s}", (NR > 1 ? "," : ""), row
    }
    END { printf "]" }'
}

# Lines on stdin to a JSON list of strings.
json_lines() {
  awk '
    { gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); gsub(/[[:cntrl:]]/, " "); printf "%s\"%s\"", (NR > 1 ? "," : "["), $0 }
    END { printf "%s", (NR ? "]" : "[]") }'
}

# shellcheck disable=SC1091
os_field() { (unset ID VERSION_ID PRETTY_NAME && . /etc/os-release && printf '%s' "${!1-}"); }

# It exits 1 when it prints `none`.
virtualization() { systemd-detect-virt || true; }

# From `ip` alone: /sys may show the links of another network namespace.
interfaces() {
  have ip || return 1
  {
    ip -o link show
    ip -o address show
  } | awk '
    { sub(/:$/, "", $2); sub(/@.*/, "", $2) }
    { for (i = 3; i < NF; i++) if ($i ~ /^link\/(ether|infiniband)$/) { mac[$2] = $(i + 1); next } }
    $3 ~ /^inet6?$/ { sub(/\/.*/, "", $4); print $2 "\t" mac[$2] "\t" $4 }' | json_rows name mac address
}

default_routes() {
  local name destination gateway mask
  while read -r name destination gateway _ _ _ _ mask _; do
    [[ $destination == 00000000 && $mask == 00000000 ]] || continue
    printf '%s\t%d.%d.%d.%d\n' "$name" \
      "0x${gateway:6:2}" "0x${gateway:4:2}" "0x${gateway:2:2}" "0x${gateway:0:2}"
  done </proc/net/route | json_rows interface gateway
}

nameservers() { awk '$1 == "nameserver" { print $2 }' /etc/resolv.conf | json_lines; }

disks() {
  local path
  for path in / /var/lib /var/lib/containerd /var/lib/kubelet /var/lib/etcd; do
    [[ -d $path ]] || continue
    df -P -B1 "$path" | awk -v path="$path" 'NR == 2 { printf "%s\t%s\t%s\n", path, $4, $2 }'
  done | json_rows path '#freeBytes' '#totalBytes'
}

memory_kb() { awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo; }

swaps() { awk 'NR > 1 { print $1 }' /proc/swaps | json_lines; }

fstab_swaps() { awk '!/^[[:space:]]*#/ && $3 == "swap"' /etc/fstab | json_lines; }

cgroup_version() {
  case $(stat -fc %T /sys/fs/cgroup) in
    cgroup2fs) printf 2 ;;
    tmpfs) printf 1 ;;
    *) return 1 ;;
  esac
}

# The bit alone is not enough: inside a user namespace it is set and the kernel still refuses.
cap_sys_resource() {
  local effective
  effective=$(awk '$1 == "CapEff:" { print $2 }' /proc/self/status)
  if (((0x$effective >> 24) & 1)) && (printf '%s' -999 >/proc/self/oom_score_adj); then
    printf true
  else
    printf false
  fi
}

conntrack_max_writable() {
  local file=/proc/sys/net/netfilter/nf_conntrack_max
  [[ -e $file ]] || return 1
  if [[ -w $file ]]; then printf true; else printf false; fi
}

# Some kernels ship no list of what they have built in: then what a module brings tells.
module_works() {
  case $1 in
    overlay) grep -qw overlay /proc/filesystems ;;
    br_netfilter) [[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]] ;;
    nf_conntrack) [[ -e /proc/sys/net/netfilter/nf_conntrack_max ]] ;;
    *) [[ -d /sys/module/$1 ]] ;;
  esac
}

modules() {
  local name state
  for name in overlay br_netfilter nf_conntrack vxlan; do
    if grep -q "^$name " /proc/modules; then
      state=loaded
    elif grep -q "/$name\.ko" "/lib/modules/$(uname -r)/modules.builtin" || module_works "$name"; then
      state=builtin
    elif modprobe -n -q "$name"; then
      state=loadable
    else
      state=missing
    fi
    printf '%s\t%s\n' "$name" "$state"
  done | json_rows name state
}

# One look at every open file of every process serves the ports and the package lock.
open_files() { find /proc/[0-9]*/fd -maxdepth 1 -type l -printf '%p %l\n'; }

ports() {
  local protocol file
  {
    printf 'fd %s\n' "${OPEN_FILES//$'\n'/$'\n'fd }"
    for protocol in tcp udp; do
      for file in "/proc/net/$protocol" "/proc/net/${protocol}6"; do
        [[ ! -r $file ]] || sed "1d; s/^/$protocol /" "$file"
      done
    done
  } | awk '
    function hex(s, i, n) {
      for (i = 1; i <= length(s); i++) n = n * 16 + index("123456789ABCDEF", substr(s, i, 1))
      return n + 0
    }
    $1 == "fd" {
      if (split($3, part, /[][]/) > 1 && part[1] == "socket:") { split($2, dir, "/"); owner[part[2]] = dir[3] }
      next
    }
    $5 == "0A" || ($1 == "udp" && $5 == "07") {
      n = split($3, at, ":"); port = hex(at[n])
      if (!((port, $1) in seen)) { seen[port, $1] = 1; print port, $1, owner[$11] }
    }' | while read -r port protocol pid; do
    printf '%s\t%s\t%s\n' "$port" "$protocol" "$([[ -z $pid ]] || cat "/proc/$pid/comm" || true)"
  done | json_rows '#port' protocol process
}

package_lock_holder() {
  local pid file
  pid=$(awk '$2 ~ "^/var/lib/dpkg/lock|^/var/lib/apt/lists/lock|^/var/cache/apt/archives/lock" { split($1, dir, "/"); print dir[3]; exit }' <<<"$OPEN_FILES")
  for file in /run/dnf.pid /run/yum.pid /var/cache/dnf/metadata_lock.pid; do
    [[ -n $pid || ! -s $file ]] || pid=$(<"$file")
  done
  [[ -n $pid && -d /proc/$pid ]] && printf '%s (pid %s)' "$(cat "/proc/$pid/comm")" "$pid"
}

yes_no() { if "$@"; then printf true; else printf false; fi; }

any_in() { [[ -n $(find "$1" -mindepth 1 -maxdepth 1 -print -quit 2>/dev/null) ]]; }

ca_sha256() { [[ -s $1 ]] && sed '/-----/d' "$1" | base64 -d | sha256sum | cut -d ' ' -f 1; }

active_runtimes() {
  local unit
  [[ -d /run/systemd/system ]] || return 1
  for unit in containerd docker crio cri-docker podman kubelet k3s k3s-agent rke2-server rke2-agent \
    k0scontroller k0sworker snap.microk8s.daemon-kubelite; do
    ! systemctl is-active --quiet "$unit.service" || printf '%s\n' "$unit.service"
  done | json_lines
}

packages() {
  local names=(containerd containerd.io docker.io docker-ce moby-engine cri-o podman runc conntrack
    conntrack-tools iptables iptables-nft ethtool socat ebtables haproxy kubelet kubeadm kubectl)
  if is_debian; then
    # It exits 1 when any of the names is unknown.
    { dpkg-query -W -f '${db:Status-Abbrev}\t${Package}\t${Version}\n' "${names[@]}" || true; } |
      sed -n 's/^[a-z]i *\t//p'
  elif have rpm; then
    { rpm -q --qf '%{NAME}\t%{VERSION}-%{RELEASE}\n' "${names[@]}" || true; } | grep -v 'not installed'
  fi | json_rows name version
}

owner_cluster_id() {
  sed -n 's/.*"clusterId" *: *"\([^"]*\)".*/\1/p' "$PLINTH_STATE/owner" | head -n 1
}

systemd_state() {
  if [[ -d /run/systemd/system ]]; then
    systemctl is-system-running || true
  else
    printf absent
  fi
}

selinux() {
  case $(cat /sys/fs/selinux/enforce) in
    1) printf enforcing ;;
    0) printf permissive ;;
    *) printf disabled ;;
  esac
}

firewalls() {
  {
    ! systemctl is-active --quiet firewalld.service || printf 'firewalld\n'
    ! grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf || printf 'ufw\n'
  } | json_lines
}

read_only_paths() {
  local path
  for path in /etc /usr/local/bin /opt /var/lib /run; do
    [[ -w $path || ! -e $path ]] || printf '%s\n' "$path"
  done | json_lines
}

host_keys() { cat /etc/ssh/ssh_host_*_key.pub | awk '{ print $1, $2 }' | json_lines; }

# The load balancer that the spec names: API_ENDPOINT is its `host port`, or empty.
endpoint_addresses() { { getent ahosts "${API_ENDPOINT% *}" || true; } | awk '!seen[$1]++ { print $1 }' | json_lines; }

# closed; open: somebody listens; kubernetes or other: what answers, where there is curl to ask it with.
endpoint_state() {
  local host=${API_ENDPOINT% *} port=${API_ENDPOINT#* } answer
  # shellcheck disable=SC2016
  if ! timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$host" "$port"; then
    printf closed
  elif ! have curl || ! answer=$(endpoint_get /version); then
    printf open
  elif [[ $answer == *'"gitVersion"'* || $answer == *'"kind": "Status"'* ]]; then
    printf kubernetes
  else
    printf other
  fi
}

endpoint_get() {
  local host=${API_ENDPOINT% *}
  [[ $host != *:* ]] || host="[$host]"
  curl -sSk --noproxy '*' --connect-timeout 3 --max-time 5 "https://$host:${API_ENDPOINT#* }$1"
}

# Of the CA that kubeadm shows to everybody who joins.
endpoint_ca_sha256() {
  local ca
  have curl || return 1
  ca=$(endpoint_get /api/v1/namespaces/kube-public/configmaps/cluster-info |
    sed -n 's/.*certificate-authority-data: *\([A-Za-z0-9+/=]*\).*/\1/p' | head -n 1)
  [[ -n $ca ]] && base64 -d <<<"$ca" | sed '/-----/d' | base64 -d | sha256sum | cut -d ' ' -f 1
}

OPEN_FILES=$(open_files 2>/dev/null) || true

fact os_id os_field ID
fact os_version os_field VERSION_ID
fact os_name os_field PRETTY_NAME
fact machine uname -m
fact kernel uname -r
fact hostname cat /proc/sys/kernel/hostname
fact machine_id cat /etc/machine-id
fact product_uuid cat /sys/class/dmi/id/product_uuid
fact boot_id cat /proc/sys/kernel/random/boot_id
fact virtualization virtualization
fact addresses interfaces
fact default_routes default_routes
fact nameservers nameservers
fact cpus nproc
fact memory_kb memory_kb
fact disks disks
fact swaps swaps
fact fstab_swaps fstab_swaps
fact cgroup_version cgroup_version
fact cap_sys_resource cap_sys_resource
fact conntrack_max_writable conntrack_max_writable
fact modules modules
fact ports ports
fact admin_conf yes_no test -e /etc/kubernetes/admin.conf
fact kubelet_conf yes_no test -e /etc/kubernetes/kubelet.conf
fact etcd_data yes_no any_in /var/lib/etcd
fact kubelet_active yes_no systemctl is-active --quiet kubelet.service
fact ca_sha256 ca_sha256 /etc/kubernetes/pki/ca.crt
fact active_runtimes active_runtimes
fact packages packages
fact owner_cluster_id owner_cluster_id
fact package_lock_holder package_lock_holder
fact systemd systemd_state
fact selinux selinux
fact firewalls firewalls
fact read_only_paths read_only_paths
fact host_keys host_keys
if [[ -n ${API_ENDPOINT-} ]]; then
  fact endpoint_addresses endpoint_addresses
  fact endpoint_state endpoint_state
  fact endpoint_ca_sha256 endpoint_ca_sha256
fi
fact time_ns date +%s%N
