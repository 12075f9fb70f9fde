# shellcheck shell=bash
# Records what the machine was like before us. The runner has made it ours already. The first
# claim's record counts: a later one would take what we did for what was there before.

STATE=$PLINTH_BEFORE/state
# shellcheck disable=SC2034 # read by plinth_record
PLINTH_BATCH=1

# keep_state FILE…: state that tools keep for themselves. `restore` puts it back only where what it
# describes is again as it was.
keep_state() {
  local file
  for file in "$@"; do
    [[ ! -f $file ]] || cp -a "$file" "$STATE/$(plinth_path_key "$file")"
  done
}

# A folder that may come to be: it goes again once it is empty, and what lies in it is not looked at.
record_folder() { [[ -e $1 ]] || plinth_record_as "$1" made; }

[[ ! -e $PLINTH_BEFORE/claimed ]] || skip 'the machine is claimed and its record is kept'
rm -f "$PLINTH_STATE/restored"
mkdir -p "$STATE"
chmod 700 "$PLINTH_BEFORE"

note 'recording packages, units, sysctls, swap, mounts, links and accounts'
list_packages >"$PLINTH_BEFORE/packages"
: >"$PLINTH_BEFORE/installed"
keep_state /var/lib/dpkg/{status,diversions,statoverride}{,-old} /var/lib/dpkg/available \
  /var/lib/dpkg/triggers/{File,Unincorp} /var/lib/apt/extended_states /var/cache/debconf/* \
  /etc/{passwd,group,shadow,gshadow,subuid,subgid}{,-} \
  /etc/ld.so.cache /var/cache/ldconfig/aux-cache /var/lib/systemd/catalog/database
# dpkg drops folders that are not there from the lists of packages it does not even touch.
if [[ -d /var/lib/dpkg/info ]]; then
  (cd /var/lib/dpkg/info && find . -maxdepth 1 -name '*.list' -print0 |
    tar --null -T - -czf "$PLINTH_BEFORE/dpkg-lists.tgz")
fi
# For what a killed dpkg leaves behind, which no package knows of.
find /usr -xdev -path /usr/local -prune -o -type d -print | sort >"$PLINTH_BEFORE/usr-folders"
cut -d : -f 1 /etc/passwd >"$PLINTH_BEFORE/users"
cut -d : -f 1 /etc/group >"$PLINTH_BEFORE/groups"
# Units that others pull in.
record_unit network-online.target
if have systemctl; then
  systemctl list-unit-files --no-legend --plain >"$PLINTH_BEFORE/unit-files" || true
  systemctl list-units --no-legend --plain --state=active >"$PLINTH_BEFORE/active-units" || true
fi
grep -rs '' /proc/sys/{net,vm,kernel,fs} >"$PLINTH_BEFORE/sysctls.all" || true
tail -n +2 /proc/swaps >"$PLINTH_BEFORE/swaps" 2>/dev/null || true
cut -d ' ' -f 5 /proc/self/mountinfo >"$PLINTH_BEFORE/mounts"
sed -n 's/^ *\([^ :]*\):.*/\1/p' /proc/net/dev >"$PLINTH_BEFORE/links"
cut -d ' ' -f 1 /proc/modules >"$PLINTH_BEFORE/modules" 2>/dev/null || true
for tool in iptables-save ip6tables-save; do
  if have "$tool"; then "$tool" >"$PLINTH_BEFORE/$tool" 2>/dev/null || true; fi
done
if have nft; then nft list ruleset >"$PLINTH_BEFORE/nft-ruleset" 2>/dev/null || true; fi

# Whatever Kubernetes, its runtime and its network create, also behind our back: kubelet makes
# missing hostPath folders, packages' scripts leave caches.
note 'recording the folders that Kubernetes will use'
while read -r path; do
  [[ -z $path ]] || record_path "$path"
done <<'PATHS'
/etc/fstab
/etc/cni
/etc/containerd
/etc/crictl.yaml
/etc/haproxy
/etc/kubernetes
/etc/plinth
/opt/cni
/opt/containerd
/root/.kube/cache
/run/adduser
/run/calico
/run/containerd
/run/flannel
/run/haproxy
/run/haproxy.pid
/run/haproxy-master.sock
/run/kubernetes
/run/nodeagent
/run/runc
/run/xtables.lock
/usr/local/bin/.kubeadm.new
/usr/local/bin/.kubectl.new
/usr/local/bin/.kubelet.new
/usr/libexec/kubernetes
/var/cache/apt
/var/lib/calico
/var/lib/cni
/var/lib/containerd
/var/lib/haproxy
/var/lib/kube-proxy
/var/lib/kubelet
/var/log/calico
/var/log/containers
/var/log/pods
PATHS
# Kernels, network namespaces and kubeconfigs of others lie there as well.
for path in /usr/lib/modules /run/netns /root/.kube; do record_folder "$path"; done

find "$PLINTH_BEFORE" -type f -exec sync {} + 2>/dev/null || true
PLINTH_BATCH='' plinth_record "$PLINTH_BEFORE/claimed" "$PLINTH_CLUSTER_ID"
note "claimed for cluster $PLINTH_CLUSTER_ID"
