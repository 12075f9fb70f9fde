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
# PROXY_ENVIRONMENT: rows of `NAME=value`. Whatever this script fetches goes through the spec's proxy.
while IFS= read -r setting; do
  [[ -z $setting ]] || export "${setting?}"
done <<<"$PROXY_ENVIRONMENT"

# shellcheck shell=bash
# bundle_file FILE: its content as it is meant; what the bundle compressed (zstd, by its magic number) is
# unpacked on the way.
bundle_file() {
  if [[ $(od -An -tx1 -N4 "$1" | tr -d ' \n') == 28b52ffd ]]; then
    zstd -dcq "$1"
  else
    cat "$1"
  fi
}

# lacks WHAT: a file that was thought to be there is not. The step ends, what it needs is sent, and it runs once more.
lacks() {
  result again "$1"
  fail ArtifactMissing "$1" 'Retry: it is sent again.'
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
# Packages on RHEL and its like.

# By what it provides: iptables is iptables-nft on one release and iptables-legacy on another.
package_installed() { rpm -q --whatprovides "$1" >/dev/null 2>&1; }

package_lock_holder() {
  local pid
  pid=$(cat /run/dnf.pid /var/run/yum.pid /var/lib/dnf/rpmdb_lock.pid /var/cache/dnf/*_lock.pid 2>/dev/null | head -n 1)
  if [[ -n $pid && -e /proc/$pid ]]; then
    printf '%s (pid %s)\n' "$(cat "/proc/$pid/comm" 2>/dev/null || echo '?')" "$pid"
  fi
}

wait_for_package_lock() {
  local holder tries
  for ((tries = 0; tries < 120; tries++)); do
    holder=$(package_lock_holder)
    [[ -n $holder ]] || return 0
    ((tries > 0)) || note "waiting for the package manager's lock, held by $holder"
    sleep 1
  done
  fail PackageLockHeld "the package manager's lock is held by $holder" \
    'Wait until it is done, or end it.'
}

# Fresh packages start nothing by themselves here, and rpm's own transactions are whole or not.
allow_starts() { :; }
mend_packages() { :; }

# `files`, and `names` of their packages, are those of packages.sh.
install_package_files() {
  wait_for_package_lock
  trap end_installation EXIT
  begin_installation < <(printf '%s\n' "${names[@]}")
  run rpm -U --replacepkgs "${files[@]}"
  end_installation
}

# REPOSITORY: the definition of the one that has containerd, which these systems' own do not have.
install_packages() {
  wait_for_package_lock
  hint 'The machine needs its own package repositories (or a bundle: PLINTH_ARTIFACTS).'
  put_file /etc/yum.repos.d/plinth.repo 0644 <<<"$REPOSITORY"
  local insecure=()
  [[ $SKIP_VERIFY != true ]] || insecure=(--setopt=sslverify=False)
  trap end_installation EXIT
  begin_installation < <(printf '%s\n' "$@")
  run dnf -q -y --setopt=install_weak_deps=False "${insecure[@]}" --enablerepo=plinth-containerd install "$@"
  end_installation
}

# An upgrade of the machine must not change the runtime under a cluster. dnf's versionlock is a plugin
# that may be missing; an exclusion in dnf.conf always works.
EXCLUSION='excludepkgs=containerd.io'

packages_held() { [[ ! -e /etc/dnf/dnf.conf ]] || grep -qE '^excludepkgs *=(.*[ ,])? *containerd\.io([ ,]|$)' /etc/dnf/dnf.conf; }

hold_packages() {
  packages_held || put_file /etc/dnf/dnf.conf 0644 < <(cat /etc/dnf/dnf.conf && printf '# plinth\n%s\n' "$EXCLUSION")
}

# shellcheck shell=bash
# The runtime and the tools that kubelet, kube-proxy, the endpoint and the steps call. PACKAGE_FILES:
# rows of `sha256 name file` from a bundle; empty: the machine's own repositories.

missing() {
  local name
  for name in $PACKAGES; do package_installed "$name" || printf '%s\n' "$name"; done
}

# Debian's haproxy would listen by its own configuration: ours is a unit of its own.
own_haproxy_off() {
  have systemctl || return 0
  ! systemctl is-enabled --quiet haproxy.service 2>/dev/null &&
    ! systemctl is-active --quiet haproxy.service
}

mend_packages
take_up_installation
allow_starts
if [[ -z $(missing) ]] && packages_held && own_haproxy_off; then
  skip 'every package is installed'
fi
record_unit containerd.service
record_unit haproxy.service
if [[ -z $(missing) ]]; then
  note 'every package is installed'
elif [[ -n $PACKAGE_FILES ]]; then
  files=() names=()
  folder=$PLINTH_RUN_DIR/packages
  mkdir -p "$folder"
  while read -r sum name file; do
    # What the machine has in another version stays: it is not ours to change.
    package_installed "$name" && continue
    [[ -e $PLINTH_ARTIFACTS/$sum ]] || lacks "the package $name did not arrive"
    ln -sf "$PLINTH_ARTIFACTS/$sum" "$folder/$file"
    files+=("$folder/$file") names+=("$name")
  done <<<"$PACKAGE_FILES"
  ((${#files[@]})) || fail ArtifactMissing "the bundle lacks packages: $(missing | paste -s -d ' ')" \
    'Install them on the machine, or take a bundle that holds them.'
  install_package_files
else
  # What is there already is not named: it would get newer, or count as wanted by a person.
  # shellcheck disable=SC2046 # a list
  install_packages $(missing)
fi
left=$(missing)
[[ -z $left ]] || fail StepFailed "not installed: ${left//$'\n'/ }" \
  'Look at the lines above for what the package manager says about them.'
hold_packages
own_haproxy_off || run systemctl --quiet disable --now haproxy.service
