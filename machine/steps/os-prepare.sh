# shellcheck shell=bash
# What Kubernetes asks of an operating system: no swap, modules, kernel settings, the endpoint's name.
# Every value that already holds is left alone.

changed=0
MODULES=(overlay br_netfilter nf_conntrack vxlan)
# Without these no packet reaches a pod.
ESSENTIAL=(
  net.bridge.bridge-nf-call-iptables=1
  net.bridge.bridge-nf-call-ip6tables=1
  net.ipv4.ip_forward=1
)
[[ $IPV6 != true ]] || ESSENTIAL+=(net.ipv6.conf.all.forwarding=1)
# What the kubelet would set by itself.
WANTED=(vm.overcommit_memory=1 kernel.panic=10 kernel.panic_on_oops=1)
# More watches are better; fewer than these stop kubelets of busy nodes.
MINIMA=(fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=1024)

swap_off() {
  local unit area _
  # Units first: systemd would turn on again what only swapoff turned off (zram, GPT partitions).
  if have systemctl; then
    while read -r unit _; do
      [[ -n $unit ]] || continue
      record_unit "$unit"
      run systemctl mask --now "$unit"
      changed=1
    done < <(systemctl list-units --type=swap --no-legend --plain --state=active 2>/dev/null || true)
  fi
  while read -r area _; do
    run swapoff "$area"
    changed=1
  done < <(tail -n +2 /proc/swaps 2>/dev/null || true)
  # Rows whose third field is swap, and no other line that has the word in it.
  if awk '$1 !~ /^#/ && $3 == "swap" { found = 1 } END { exit !found }' /etc/fstab 2>/dev/null; then
    put_file /etc/fstab "$(stat -c %a /etc/fstab)" < <(
      awk '$1 !~ /^#/ && $3 == "swap" { print "# plinth: " $0; next } { print }' /etc/fstab
    )
    changed=1
  fi
}

module_there() {
  grep -q "^$1 " /proc/modules 2>/dev/null ||
    grep -qs "/$1\.ko" "/lib/modules/$(uname -r)/modules.builtin" ||
    [[ -d /sys/module/$1 ]]
}

load_modules() {
  local module file=/etc/modules-load.d/plinth.conf
  CHANGED=0
  put_file "$file" 0644 < <(printf '%s\n' '# plinth: needed by Kubernetes and its network' "${MODULES[@]}")
  ((CHANGED == 0)) || changed=1
  for module in "${MODULES[@]}"; do
    module_there "$module" && continue
    # Built into kernels without loadable modules: preflight has judged what cannot be seen here.
    if have modprobe && modprobe "$module" 2>/dev/null; then
      note "loaded $module"
      changed=1
    else
      note "$module is neither loaded nor loadable; taken as built in"
    fi
  done
}

# set_sysctl KEY VALUE: fails where the kernel does not take it; a key it does not have needs nothing.
set_sysctl() {
  local key=$1 wanted=$2 file=/proc/sys/${1//.//}
  [[ -e $file ]] || { note "$key does not exist on this kernel"; return; }
  [[ $(cat "$file") != "$wanted" ]] || return 0
  record_sysctl "$key"
  mkdir -p "$PLINTH_BEFORE/sysctls-set"
  PLINTH_BATCH=1 plinth_record "$PLINTH_BEFORE/sysctls-set/$key" "$wanted"
  { printf '%s\n' "$wanted" >"$file"; } 2>/dev/null || return 1
  note "$key = $wanted"
  changed=1
}

# Where there is less of it than KEY's minimum, or was before us: a machine that has more keeps that.
is_raised() {
  local key=$1 minimum=$2 file=/proc/sys/${1//.//}
  [[ -e $PLINTH_BEFORE/sysctls/$key ]] || [[ -r $file && $(cat "$file") -lt $minimum ]]
}

set_sysctls() {
  local pair raised=()
  for pair in "${MINIMA[@]}"; do
    ! is_raised "${pair%%=*}" "${pair#*=}" || raised+=("$pair")
  done
  CHANGED=0
  put_file /etc/sysctl.d/99-plinth.conf 0644 < <(
    printf '%s\n' '# plinth: needed by Kubernetes'
    for pair in "${ESSENTIAL[@]}" "${WANTED[@]}" "${raised[@]}"; do printf '%s\n' "${pair/=/ = }"; done
  )
  ((CHANGED == 0)) || changed=1
  for pair in "${ESSENTIAL[@]}"; do
    set_sysctl "${pair%%=*}" "${pair#*=}" ||
      fail StepFailed "the kernel setting ${pair%%=*} cannot be set to ${pair#*=}" \
        'It is read-only here (a container?): set it on the host, then retry.'
  done
  for pair in "${WANTED[@]}" "${raised[@]}"; do
    set_sysctl "${pair%%=*}" "${pair#*=}" ||
      note "${pair%%=*} cannot be set to ${pair#*=} here; going on without it"
  done
}

# Without a name it is somebody else's, and what an earlier attempt wrote goes.
name_endpoint() {
  [[ -n $ENDPOINT_NAME ]] || grep -q '^# plinth: the API endpoint$' /etc/hosts || return 0
  CHANGED=0
  put_file /etc/hosts "$(stat -c %a /etc/hosts)" < <(
    # A last line without an end gets one.
    without_endpoint /etc/hosts
    [[ -z $ENDPOINT_NAME ]] ||
      printf '# plinth: the API endpoint\n127.0.0.1 %s\n# plinth: end\n' "$ENDPOINT_NAME"
  )
  ((CHANGED == 0)) || changed=1
  [[ -n $ENDPOINT_NAME ]] || return 0
  getent hosts "$ENDPOINT_NAME" | grep -q '^127\.0\.0\.1 ' ||
    fail StepFailed "$ENDPOINT_NAME does not resolve to 127.0.0.1" \
      'Look at /etc/hosts and at the hosts line of /etc/nsswitch.conf (files must come first).'
}

# The links of pods belong to Calico alone: NetworkManager would take their addresses and routes.
spare_pod_links() {
  [[ -d /etc/NetworkManager/conf.d ]] || return 0
  CHANGED=0
  files_of NetworkManager.service
  put_file /etc/NetworkManager/conf.d/99-plinth.conf 0644 <<'CONF'
# plinth
[keyfile]
unmanaged-devices+=interface-name:cali*,interface-name:tunl*,interface-name:vxlan.calico,interface-name:vxlan-v6.calico,interface-name:wireguard.cali,interface-name:wg-v6.cali
CONF
  if changes_pending NetworkManager.service && systemctl is-active --quiet NetworkManager.service; then
    run systemctl reload NetworkManager.service
    changed=1
  fi
  changes_taken NetworkManager.service
  files_of ''
}

# The nameservers of the spec are the kubelet's and so the pods'; the machine keeps its own.
name_servers() {
  CHANGED=0
  setting_file /etc/plinth/resolv.conf 0644 "${NAMESERVERS:+nameserver ${NAMESERVERS// /$'\n'nameserver }}"
  ((CHANGED == 0)) || changed=1
}

# The package manager and people's shells go through the proxy as the cluster does.
use_proxy() {
  local row exports='' mode=0644
  while IFS= read -r row; do
    [[ -z $row ]] || exports+=$(printf 'export %s=%q' "${row%%=*}" "${row#*=}")$'\n'
  done <<<"$PROXY_ENVIRONMENT"
  CHANGED=0
  # A password is root's alone; whoever reads these files as somebody else passes them by.
  [[ $PROXY_SECRET != true ]] || mode=0600
  setting_file /etc/profile.d/plinth-proxy.sh "$mode" "${exports%$'\n'}"
  [[ ! -d /etc/apt/apt.conf.d ]] || setting_file /etc/apt/apt.conf.d/99-plinth-proxy "$mode" "$PROXY_APT"
  [[ ! -e /etc/dnf/dnf.conf ]] || dnf_proxy
  ((CHANGED == 0)) || changed=1
}

# dnf reads one file: ours are two lines of it.
dnf_proxy() {
  grep -qsx '# plinth: the proxy' /etc/dnf/dnf.conf || [[ -n $PROXY_DNF ]] || return 0
  put_file /etc/dnf/dnf.conf "$(stat -c %a /etc/dnf/dnf.conf)" < <(
    without_dnf_proxy </etc/dnf/dnf.conf
    [[ -z $PROXY_DNF ]] || printf '# plinth: the proxy\nproxy=%s\n' "$PROXY_DNF"
  )
}

trust() {
  CHANGED=0
  [[ -z $PROXY_CA ]] || record_trust
  trust_proxy
  ((CHANGED == 0)) || changed=1
}

# HOST_PATHS: rows of paths that volumes of the spec may make: what was not there goes with the cluster.
record_host_paths() {
  local path
  while IFS= read -r path; do
    [[ -z $path || -e $path ]] || record_path "$path"
  done <<<"$HOST_PATHS"
}

record_host_paths
swap_off
load_modules
set_sysctls
name_endpoint
spare_pod_links
name_servers
use_proxy
trust
[[ $(tail -n +2 /proc/swaps 2>/dev/null | wc -l) -eq 0 ]] ||
  fail StepFailed 'swap is still on' 'Something turns it on again: look at systemctl list-units --type=swap.'
((changed)) || skip 'the operating system is prepared'
