# shellcheck shell=bash
# First part of every step's script. The runner's wrapper has set the step's parameters as shell
# variables and exported PLINTH_RUN_DIR, PLINTH_STATE, PLINTH_ARTIFACTS and PLINTH_CLUSTER_ID.
set -Eeuo pipefail
umask 022

PLINTH_BEFORE=$PLINTH_STATE/before
# Set to 1 by put_file when it wrote: tells a step whether a unit needs a restart.
# shellcheck disable=SC2034
CHANGED=0

# The unexpanded text of what failed, so that no parameter's value gets into a report.
plinth_on_error() {
  local code=$1 text=$2
  case $text in
    *'"$@"'* | *'run '*) ;; # `run` has written the command with its arguments
    *) printf '%s\n' "$text" >"$PLINTH_RUN_DIR/command" ;;
  esac
  [[ $BASH_SUBSHELL -gt 0 ]] || printf 'failed with exit code %s: %s\n' "$code" "$text" >&2
}
trap 'plinth_on_error "$?" "$BASH_COMMAND"' ERR

have() { command -v "$1" >/dev/null 2>&1; }

# Its packages are dpkg's. Another system may have dpkg as well, as a tool.
is_debian() { [[ -e /etc/debian_version ]]; }

note() { printf '%s\n' "$*"; }

# run CMD…: names the command in the report if it fails. No secrets in its arguments.
run() {
  printf '%s\n' "$*" >"$PLINTH_RUN_DIR/command"
  printf '+ %s\n' "$*"
  "$@"
}

# result KEY VALUE
result() {
  mkdir -p "$PLINTH_RUN_DIR/results"
  printf '%s' "$2" >"$PLINTH_RUN_DIR/results/$1"
}

# skip REASON: the step's check found everything done.
skip() {
  note "skipped: $1"
  printf '%s\n' "$1" >"$PLINTH_RUN_DIR/skip"
  exit 0
}

# hint TEXT: what a person should do about whatever fails next.
hint() { printf '%s\n' "$1" >"$PLINTH_RUN_DIR/hint"; }

# fail CODE MESSAGE [HINT]: CODE is one of core/errors.ts.
fail() {
  printf '%s\n' "$1" >"$PLINTH_RUN_DIR/fail_code"
  [[ -z ${3-} ]] || hint "$3"
  printf '%s\n' "$2" >&2
  exit 1
}

# ---- what was there before: one record for each thing, made once, before the first change ----
# before/paths/KEY     kind (absent, made, file, symlink, dir) and the path; KEY.orig: the original,
#                      KEY.list, KEY.mode: of a directory everything below it (NUL-separated), and its mode
# before/sysctls/KEY   value          before/units/UNIT   "<is-enabled> <is-active>"
# And what we made of it, which tells whether somebody has changed it since:
# before/written/KEY   the sum of what put_file wrote            before/sysctls-set/KEY   value

# A record counts only when its file has its final name: a kill in between leaves it to be made anew.
# It is on disk before what it is about changes, unless PLINTH_BATCH says that many come at once and
# whoever makes them does that.
plinth_record() {
  local file=$1 text=$2
  printf '%s\n' "$text" >"$file.tmp"
  [[ -n ${PLINTH_BATCH-} ]] || sync "$file.tmp" 2>/dev/null || true
  mv -f "$file.tmp" "$file"
}

plinth_path_key() {
  local key=${1//%/%25}
  printf '%s' "${key//\//%2F}"
}

plinth_record_as() {
  local path=$1 absent=$2 file kind
  [[ -d $PLINTH_BEFORE/paths ]] || mkdir -p "$PLINTH_BEFORE/paths"
  file=$PLINTH_BEFORE/paths/$(plinth_path_key "$path")
  [[ ! -e $file ]] || return 0
  rm -rf "$file.orig" "$file.list" "$file.mode"
  if [[ -L $path ]]; then
    kind=symlink
    cp -a "$path" "$file.orig"
  elif [[ -d $path ]]; then
    kind=dir
    find "$path" -xdev -mindepth 1 -printf '%P\0' >"$file.list"
    stat -c '%a %u:%g' "$path" >"$file.mode"
  elif [[ -e $path ]]; then
    kind='file'
    cp -a "$path" "$file.orig"
  else
    kind=$absent
  fi
  plinth_record "$file" "$kind $path"
}

# record_path PATH: call it before PATH is created or changed. What was absent is removed whole by
# `restore`; of a directory that was there, only what is new in it.
record_path() { plinth_record_as "${1%/}" absent; }

# Directories put_file has to make: removed again only when nothing is left in them.
plinth_make_parents() {
  local dir=$1 missing=() i
  while [[ ! -d $dir ]]; do
    missing+=("$dir")
    dir=$(dirname "$dir")
  done
  for ((i = ${#missing[@]} - 1; i >= 0; i--)); do
    plinth_record_as "${missing[i]}" made
    mkdir -m 0755 "${missing[i]}"
  done
}

# files_of UNIT: what put_file changes from here on, UNIT has to take up. That it must is noted before
# the change, so a kill before the restart is not forgotten; `changes_taken UNIT` says that it did.
files_of() { PLINTH_READER=$1; }
changes_pending() { [[ -e $PLINTH_STATE/pending/$1 ]]; }
changes_taken() { rm -f "$PLINTH_STATE/pending/$1"; }

plinth_mark_pending() {
  [[ -n ${PLINTH_READER-} ]] || return 0
  mkdir -p "$PLINTH_STATE/pending"
  : >"$PLINTH_STATE/pending/$PLINTH_READER"
}

# put_file PATH MODE <content: keeps the original the first time; writes atomically, only if different.
# Feed it by a redirection or a here-document: behind a pipe it could not set CHANGED.
put_file() {
  local path=$1 mode=$2 new
  # Beside the target for an atomic rename; a fixed name, so that a killed run leaves one at most.
  new=$path.plinth-new
  plinth_make_parents "$(dirname "$path")"
  plinth_record_as "$path" absent
  (umask 077 && cat >"$new")
  chmod "$mode" "$new"
  if [[ -f $path && ! -L $path ]]; then
    if cmp -s "$new" "$path" && [[ $(stat -c %a "$path") == "$(stat -c %a "$new")" ]]; then
      rm -f "$new"
      return 0
    fi
    chown --reference="$path" "$new"
  fi
  plinth_mark_pending
  [[ -d $PLINTH_BEFORE/written ]] || mkdir -p "$PLINTH_BEFORE/written"
  sha256sum <"$new" >"$PLINTH_BEFORE/written/$(plinth_path_key "$path")"
  # A file that is a mount point (/etc/hosts in some containers) cannot be renamed over.
  if ! mv -fT "$new" "$path" 2>/dev/null; then
    cat "$new" >"$path"
    chmod "$mode" "$path"
    rm -f "$new"
  fi
  if have restorecon; then restorecon "$path" 2>/dev/null || true; fi
  # shellcheck disable=SC2034
  CHANGED=1
}

# record_sysctl KEY (net.ipv4.ip_forward): a key that does not exist yet has nothing to restore.
record_sysctl() {
  local proc=/proc/sys/${1//.//} file=$PLINTH_BEFORE/sysctls/$1
  mkdir -p "$PLINTH_BEFORE/sysctls"
  [[ ! -e $file && -r $proc ]] || return 0
  plinth_record "$file" "$(cat "$proc")"
}

# record_unit UNIT (with its suffix): before it is enabled, disabled, started, stopped or masked.
record_unit() {
  local file=$PLINTH_BEFORE/units/$1 enabled active
  mkdir -p "$PLINTH_BEFORE/units"
  [[ ! -e $file ]] && have systemctl || return 0
  enabled=$(systemctl is-enabled "$1" 2>/dev/null | head -n 1 || true)
  active=$(systemctl is-active "$1" 2>/dev/null | head -n 1 || true)
  plinth_record "$file" "${enabled:-absent} ${active:-inactive}"
}

# shellcheck shell=bash
# Which packages are there, and which of them came by an installation of ours. Whatever else came since
# the claim is its owner's.
# before/packages     all of them at the claim: name, version, state
# before/installed    names of those that we brought; machines that an older plinth claimed have none
# before/installing   names of what an installation of ours is to bring: it is at work, or was killed; and in
#                     before/installing.before what was there before it

# A kernel is what the machine boots, and a repository's key is no package: never ours, whenever they came.
NEVER_OURS='^(linux-|gpg-pubkey)|(^|-)kernel([-.]|$)'

list_packages() {
  if is_debian; then
    # shellcheck disable=SC2016 # dpkg's own variables
    dpkg-query -W -f '${binary:Package}\t${Version}\t${db:Status-Abbrev}\n'
  else
    rpm -qa --qf '%{NAME}.%{ARCH}\t%{VERSION}-%{RELEASE}\tii\n'
  fi | sort
}

# Names of such a list, without those of which dpkg knows but the settings that their removal has left.
names_of_installed() { awk -F '\t' '$3 !~ /^.[nc]/ { print $1 }' | sort -u; }

installed_packages() { list_packages | names_of_installed; }
installed_at_claim() { names_of_installed <"$PLINTH_BEFORE/packages"; }

# With the folders around them, which rpm does not name.
paths_of() {
  if is_debian; then
    dpkg-query -L "$@"
  else
    rpm -q -l "$@" | awk '{ do print; while (sub(/\/[^\/]*$/, "") && $0 != "") }' | sort -u
  fi
}

# hold_paths [PACKAGE…]: what these hold `restore_record` leaves. A repository's key is no package that could be asked.
hold_paths() {
  local packages=()
  mapfile -t packages < <(printf '%s\n' "$@" | sed '/^gpg-pubkey\./d; /^$/d')
  : >"$PLINTH_RUN_DIR/held"
  ((${#packages[@]} == 0)) || paths_of "${packages[@]}" >"$PLINTH_RUN_DIR/held"
}

# An installation or a removal was broken off: there may be files and folders of no package.
broken_off() { : >"$PLINTH_BEFORE/broken-off"; }

remember_packages() {
  [[ -e $PLINTH_BEFORE/installed ]] || return 0
  plinth_record "$PLINTH_BEFORE/installed" "$(sort -u - "$PLINTH_BEFORE/installed" | sed '/^$/d')"
}

# begin_installation <NAMES: right before the package manager is called, with the names of what it is to bring. Of
# these ours is what is there after it and was not before, also where a kill comes between them. Others may be at
# work meanwhile: the package manager waits for its lock, and who was killed comes back a day later.
begin_installation() {
  local before names
  [[ -e $PLINTH_BEFORE/installed ]] || return 0
  before=$(installed_packages)
  names=$(sort -u)
  plinth_record "$PLINTH_BEFORE/installing.before" "$before"
  plinth_record "$PLINTH_BEFORE/installing" "$names"
}

end_installation() {
  local record=$PLINTH_BEFORE/installing now
  [[ -e $record ]] || return 0
  # A record of another form names nothing.
  [[ -e $record.before ]] || { rm -f "$record" && return 0; }
  now=$(installed_packages)
  comm -13 "$record.before" <(printf '%s\n' "$now") | of_installation |
    { grep -vE "$NEVER_OURS" || true; } | remember_packages
  rm -f "$record" "$record.before"
}

# Of the packages on stdin, those that the installation has brought: for rpm all that came in one transaction.
of_installation() {
  local names transactions
  if is_debian; then
    awk -F : 'NR == FNR { named[$1]; next } $1 in named' "$PLINTH_BEFORE/installing" -
  else
    mapfile -t names <"$PLINTH_BEFORE/installing"
    transactions=$(rpm -q --whatprovides "${names[@]}" --qf '%{INSTALLTID}\n' 2>/dev/null || true)
    comm -12 - <(rpm -qa --qf '%{INSTALLTID}\t%{NAME}.%{ARCH}\n' |
      awk -F '\t' 'NR == FNR { ours[$1]; next } $1 in ours { print $2 }' <(printf '%s\n' "$transactions") - | sort -u)
  fi
}

# Of one that was killed.
take_up_installation() {
  [[ -e $PLINTH_BEFORE/installing ]] || return 0
  broken_off
  end_installation
}

# Who holds dpkg's lock, if anyone: the file's inode in /proc/locks names the process.
dpkg_lock_holder() {
  local file inode pid
  for file in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock; do
    [[ -e $file ]] || continue
    inode=$(stat -c %i "$file")
    pid=$(awk -v inode=":$inode\$" '$6 ~ inode { print $5; exit }' /proc/locks)
    [[ -z $pid ]] || { printf '%s (pid %s)\n' "$(cat "/proc/$pid/comm" 2>/dev/null || echo '?')" "$pid"; return; }
  done
}

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
