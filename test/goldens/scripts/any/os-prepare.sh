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
# Undoes by the record that `claim` and the steps made (see prelude.sh). Every function may be run
# again after a kill at any point.

# shellcheck disable=SC2034 # for the scripts after this one
RESTORED=$PLINTH_STATE/restored

# Mount points under PATH (itself only if it was none before), deepest first.
mounts_under() {
  awk -v top="$1/" '{ gsub(/\\040/, " ", $5); if (index($5 "/", top) == 1) print $5 }' /proc/self/mountinfo |
    tac | while read -r mount; do
    grep -qxF "$mount" "$PLINTH_BEFORE/mounts" 2>/dev/null || printf '%s\n' "$mount"
  done
}

unmount_under() {
  local mount
  mounts_under "$1" | while read -r mount; do
    umount "$mount" 2>/dev/null || umount -l "$mount" || true
  done
}

# What a package holds that stays, by the list of `hold_paths`; where a script has made none, nothing is.
is_held() { grep -qsxF "$1" "$PLINTH_RUN_DIR/held"; }

remove_unheld() {
  local path
  find "$1" -xdev -mindepth 1 -depth -print | { grep -vxFf "$PLINTH_RUN_DIR/held" || true; } |
    while IFS= read -r path; do
      if [[ -d $path && ! -L $path ]]; then rmdir "$path" 2>/dev/null || true; else rm -f "$path"; fi
    done
}

# What a directory holds now and did not hold then.
remove_new_in() {
  local dir=$1 list=$2 name
  local -A before=()
  while IFS= read -r -d '' name; do before[$name]=1; done <"$list"
  while IFS= read -r name; do before[${name#"$dir/"}]=1; done < <(grep -sF "$dir/" "$PLINTH_RUN_DIR/held" || true)
  find "$dir" -xdev -mindepth 1 -depth -printf '%P\0' | while IFS= read -r -d '' name; do
    [[ -n ${before[$name]-} ]] || rm -rf --one-file-system "${dir:?}/$name" 2>/dev/null || true
  done
}

put_back() {
  local original=$1 path=$2
  [[ -d $path && ! -L $path ]] && rm -rf --one-file-system "$path"
  mkdir -p "$(dirname "$path")"
  if ! { cp -a "$original" "$path.plinth-new" && mv -fT "$path.plinth-new" "$path"; } 2>/dev/null; then
    rm -f "$path.plinth-new"
    cp -a --remove-destination "$original" "$path" 2>/dev/null || cat "$original" >"$path"
  fi
}

same_file() {
  [[ ! -L $2 && -f $2 ]] && cmp -s "$1" "$2" &&
    [[ $(stat -c '%a %u %g %Y' "$1") == $(stat -c '%a %u %g %Y' "$2") ]]
}

is_as_before() {
  local record=$1 kind path
  read -r kind path <"$record"
  case $kind in
    absent) [[ ! -e $path && ! -L $path ]] ;;
    file) same_file "$record.orig" "$path" ;;
    symlink) [[ -L $path && $(readlink "$path") == "$(readlink "$record.orig")" ]] ;;
  esac
}

# Files that the machine's owner and we both write: of these only our own lines are undone.
is_shared() { [[ $1 == /etc/fstab || $1 == /etc/hosts || $1 == /etc/dnf/dnf.conf ]]; }

without_our_lines() {
  case $1 in
    /etc/fstab) sed 's/^# plinth: //' "$1" ;;
    # The last of these the endpoint's unit writes, where something has made the file anew.
    /etc/hosts) without_endpoint "$1" | sed '/^127\.0\.0\.1 plinth-api\.internal$/d' ;;
    /etc/dnf/dnf.conf) without_exclusion "$1" | without_dnf_proxy ;;
  esac
}

# Line by line: who has changed the file may have taken one of them away, or written between them.
without_endpoint() {
  awk '
    /^# plinth: the API endpoint$/ { next_is_ours = 1; next }
    /^# plinth: end$/ { next_is_ours = 0; next }
    next_is_ours && /^127\.0\.0\.1 [^ \t]+$/ { next_is_ours = 0; next }
    { next_is_ours = 0; print }
  ' "$1"
}

without_dnf_proxy() {
  awk '
    /^# plinth: the proxy$/ { next_is_ours = 1; next }
    next_is_ours && /^proxy=/ { next_is_ours = 0; next }
    { next_is_ours = 0; print }
  '
}

# Its owner may have added names to our line.
without_exclusion() {
  sed -e '/^# plinth$/d' -e '/^excludepkgs *=/{
    s/\([=, ]\)containerd\.io\($\|[, ]\)/\1/
    /=[, ]*$/d
  }' "$1"
}

# A file without an end to its last line has got one by us.
with_end() { awk 1 "$@"; }

undo_lines() {
  local original=$1 path=$2 mode owner
  read -r mode owner < <(stat -c '%a %u:%g' "$path")
  if cmp -s <(with_end "$original") <(without_our_lines "$path" | with_end); then
    put_back "$original" "$path"
    # We have changed neither of these.
    [[ $(stat -c '%a %u:%g' "$path") == "$mode $owner" ]] || { chown "$owner" "$path" && chmod "$mode" "$path"; }
  else
    note "$path was changed since: only our own lines are taken out"
    put_file "$path" "$mode" < <(without_our_lines "$path")
  fi
}

# The machine is given back all the same; whoever made the change finds here what became of it.
note_change() {
  local sum
  sum=$PLINTH_BEFORE/written/$(plinth_path_key "$1")
  [[ ! -e $sum || ! -f $1 ]] || sha256sum <"$1" | cmp -s - "$sum" ||
    note "$1 was changed since plinth wrote it; that goes with it"
}

# restore_record RECORD: the path is as the record says.
restore_record() {
  local record=$1 kind path mode owner
  read -r kind path <"$record"
  case $path in
    # Others' modules, namespaces, settings and certificates come and go here. An older plinth has recorded all that was there.
    /usr/lib/modules | /run/netns | /root/.kube | /usr/local/share/ca-certificates | /etc/ssl/certs)
      [[ $kind != dir ]] || return 0
      [[ $path != /root/.kube || $kind != absent ]] || rm -rf /root/.kube/cache
      [[ $path == /etc/ssl/certs || $kind != absent ]] || kind=made
      ;;
  esac
  [[ ! -e $path.plinth-new && ! -L $path.plinth-new ]] || rm -f "$path.plinth-new"
  case $kind in
    absent)
      if [[ -e $path || -L $path ]]; then
        note_change "$path"
        unmount_under "$path"
        if is_held "$path"; then
          note "$path stays, with the package that has it"
          remove_unheld "$path"
        else
          note "removing $path"
          rm -rf --one-file-system "$path"
        fi
      fi
      ;;
    made)
      [[ ! -d $path || -n $(find "$path" -mindepth 1 -maxdepth 1 -print -quit) ]] || {
        unmount_under "$path"
        rmdir "$path" 2>/dev/null || true
      }
      ;;
    dir)
      unmount_under "$path"
      [[ -d $path ]] || mkdir -p "$path"
      remove_new_in "$path" "$record.list"
      read -r mode owner <"$record.mode"
      chmod "$mode" "$path"
      chown "$owner" "$path"
      ;;
    file | symlink)
      is_as_before "$record" && return
      if is_shared "$path" && [[ $kind == file && -f $path && ! -L $path ]]; then
        undo_lines "$record.orig" "$path"
        return
      fi
      note_change "$path"
      put_back "$record.orig" "$path"
      ;;
  esac
}

# restore_path PATH: by its record; without one PATH is left alone.
restore_path() {
  local record
  record=$PLINTH_BEFORE/paths/$(plinth_path_key "$1")
  [[ ! -e $record ]] || restore_record "$record"
}

was_before() { grep -qxF "$2" "$PLINTH_BEFORE/$1" 2>/dev/null; }

# setting_file PATH MODE TEXT: the file holds TEXT; where the spec has no such setting (any more), it
# is what it was before us.
setting_file() {
  local record
  if [[ -n $3 ]]; then
    put_file "$1" "$2" <<<"$3"
    return
  fi
  record=$PLINTH_BEFORE/paths/$(plinth_path_key "$1")
  if [[ -e $record ]] && ! is_as_before "$record"; then
    plinth_mark_pending
    restore_record "$record"
    # shellcheck disable=SC2034 # as put_file says it
    CHANGED=1
  fi
}

# shellcheck shell=bash
# PROXY_CA: the certificates of a proxy that opens TLS. The machine trusts them, and so does whatever starts
# after that: containerd reads them once.

# What the system's own tool reads.
trust_sources() {
  find /etc/ca-certificates.conf /usr/share/ca-certificates /usr/local/share/ca-certificates \
    /etc/pki/ca-trust/source /usr/share/pki/ca-trust-source -type f ! -name plinth-proxy.crt \
    -exec sha256sum {} + 2>/dev/null | sort || true
}

# What the system's own tool rewrites from the folder of local certificates. Before any package comes: what was
# not there then goes again.
record_trust() {
  local file
  [[ -e $PLINTH_BEFORE/trust-sources ]] || plinth_record "$PLINTH_BEFORE/trust-sources" "$(trust_sources)"
  # In folders that are there, others' certificates come and go.
  [[ -d /etc/ssl/certs ]] || record_path /etc/ssl/certs
  record_path /etc/ssl/certs/ca-certificates.crt
  [[ -d /usr/local/share/ca-certificates ]] || plinth_record_as /usr/local/share/ca-certificates made
  [[ -d /etc/pki/ca-trust/extracted ]] || return 0
  record_path /etc/pki/ca-trust/extracted
  while IFS= read -r file; do record_path "$file"; done < <(
    find /etc/pki/ca-trust/extracted -type f ! -path '*/directory-hash/*'
  )
}

# trust_proxy: a system without such a tool gets it with its packages, and comes here again.
trust_proxy() {
  local folder tool reader=${PLINTH_READER-}
  if have update-ca-certificates; then
    folder=/usr/local/share/ca-certificates tool=(update-ca-certificates)
  elif have update-ca-trust; then
    folder=/etc/pki/ca-trust/source/anchors tool=(update-ca-trust extract)
  else
    return 0
  fi
  files_of trust
  setting_file "$folder/plinth-proxy.crt" 0644 "$PROXY_CA"
  files_of "$reader"
  changes_pending trust || return 0
  run "${tool[@]}"
  plinth_mark_pending
  changes_taken trust
  # shellcheck disable=SC2034 # as put_file says it
  CHANGED=1
}

# After the files: where others' certificates have changed since, what is put back is older than they are.
restore_trust() {
  local tool=(update-ca-certificates) sources=$PLINTH_BEFORE/trust-sources
  [[ -e $PLINTH_BEFORE/paths/$(plinth_path_key /etc/ssl/certs/ca-certificates.crt) ]] || return 0
  find /etc/ssl/certs -type l -lname '*plinth-proxy*' -delete 2>/dev/null || true
  ! trust_sources | cmp -s - "$sources" || return 0
  ! have update-ca-trust || tool=(update-ca-trust extract)
  ! have "${tool[0]}" || run "${tool[@]}" || note 'the certificates that the system trusts could not be gathered anew'
}

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
