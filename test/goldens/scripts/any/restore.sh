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
  mkdir -p "$PLINTH_BEFORE/paths"
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

# What a directory holds now and did not hold then.
remove_new_in() {
  local dir=$1 list=$2 name
  local -A before=()
  while IFS= read -r -d '' name; do before[$name]=1; done <"$list"
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

# restore_record RECORD: the path is as the record says.
restore_record() {
  local record=$1 kind path mode owner
  read -r kind path <"$record"
  rm -f "$path.plinth-new"
  case $kind in
    absent)
      unmount_under "$path"
      if [[ -e $path || -L $path ]]; then
        note "removing $path"
        rm -rf --one-file-system "$path"
      fi
      ;;
    made) rmdir "$path" 2>/dev/null || true ;;
    dir)
      unmount_under "$path"
      [[ -d $path ]] || mkdir -p "$path"
      remove_new_in "$path" "$record.list"
      read -r mode owner <"$record.mode"
      chmod "$mode" "$path"
      chown "$owner" "$path"
      ;;
    file | symlink) is_as_before "$record" || put_back "$record.orig" "$path" ;;
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
# Puts back what `claim` and the steps recorded: units, packages, files, kernel settings, swap, and
# the state that package tools keep for themselves. Needs no network.

[[ ! -e $RESTORED ]] || skip 'the machine is as it was found'
[[ -e $PLINTH_BEFORE/claimed ]] || skip 'nothing was recorded, so nothing was changed'

list_packages() {
  if have dpkg-query; then
    # shellcheck disable=SC2016 # dpkg's own variables
    dpkg-query -W -f '${binary:Package}\t${Version}\t${db:Status-Abbrev}\n'
  elif have rpm; then
    rpm -qa --qf '%{NAME}.%{ARCH}\t%{VERSION}-%{RELEASE}\tii\n'
  fi | sort
}

# Units that were not enabled, or not active, are so again; those that were come back after the files.
stop_units() {
  local record unit enabled active
  have systemctl || return 0
  for record in "$PLINTH_BEFORE"/units/*; do
    [[ -e $record && $record != *.tmp ]] || continue
    unit=${record##*/}
    read -r enabled active <"$record"
    systemctl cat "$unit" >/dev/null 2>&1 || continue
    [[ $active == active || $active == activating ]] || run systemctl stop "$unit"
    case $enabled in
      enabled* | masked* | static | indirect | generated | alias | linked*) ;;
      *) systemctl --quiet disable "$unit" 2>/dev/null || true ;;
    esac
  done
}

start_units() {
  local record unit enabled active
  have systemctl || return 0
  systemctl daemon-reload
  for record in "$PLINTH_BEFORE"/units/*; do
    [[ -e $record && $record != *.tmp ]] || continue
    unit=${record##*/}
    read -r enabled active <"$record"
    case $enabled in
      masked) systemctl --quiet mask "$unit" || true ;;
      enabled)
        systemctl --quiet unmask "$unit" 2>/dev/null || true
        systemctl --quiet enable "$unit" || true
        ;;
      absent | '') ;;
      *) systemctl --quiet unmask "$unit" 2>/dev/null || true ;;
    esac
    if [[ $active == active ]] && ! systemctl is-active --quiet "$unit"; then
      run systemctl start "$unit"
    fi
    systemctl reset-failed "$unit" 2>/dev/null || true
  done
}

new_packages() { comm -13 <(cut -f 1 "$PLINTH_BEFORE/packages" | sort) <(list_packages | cut -f 1 | sort); }

purge_packages() {
  local packages=() output
  mapfile -t packages < <(new_packages)
  ((${#packages[@]})) || return 0
  if have dpkg; then
    export DEBIAN_FRONTEND=noninteractive
    printf '+ dpkg --purge %s\n' "${packages[*]}"
    # One call: dpkg itself finds the order. A package that a kill left half-installed goes as well.
    if ! output=$(dpkg --force-remove-reinstreq --purge "${packages[@]}" 2>&1); then
      printf '%s\n' "$output"
      [[ $output != *'frontend lock'* && $output != *'is locked'* ]] ||
        fail PackageLockHeld "dpkg's lock is held by another process"
      fail StepFailed 'dpkg cannot remove the packages that were installed for Kubernetes' \
        'Run dpkg --configure -a on the machine, look at what it says, then try again.'
    fi
    printf '%s\n' "$output"
  else
    run rpm -e "${packages[@]}"
  fi
}

# A dpkg killed between its files and their list leaves files that no package knows of. Unpacked once more, the package knows
# them, and they go with it. Its archive is ours, or apt's. A package of before that is broken is none of our business.
own_unpacked() {
  local packages=() name archive
  have dpkg || return 0
  mapfile -t packages < <(new_packages)
  for name in "${packages[@]}"; do
    # shellcheck disable=SC2016 # dpkg's own variable
    [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) == *R ]] || continue
    name=${name%%:*}
    for archive in "$PLINTH_ARTIFACTS"/* "/var/cache/apt/archives/$name"_*.deb; do
      [[ $(dpkg-deb --field "$archive" Package 2>/dev/null) == "$name" ]] || continue
      note "$name was unpacked half: unpacking it whole, to remove it whole"
      DEBIAN_FRONTEND=noninteractive dpkg --force-depends --force-confold --unpack "$archive" \
        </dev/null >/dev/null 2>&1 || note "dpkg cannot unpack $name; going on"
      break
    done
  done
}

# A dpkg killed while it unpacks leaves files under names of its own, and folders of nobody.
remove_unpacked() {
  local folder
  have dpkg || return 0
  rm -rf /var/lib/dpkg/tmp.ci /var/lib/dpkg/updates/tmp.i
  find /usr /etc -xdev -name '*.dpkg-new' -cnewer "$PLINTH_BEFORE/claimed" -delete
  [[ -s $PLINTH_BEFORE/usr-folders ]] || return 0
  comm -13 "$PLINTH_BEFORE/usr-folders" <(find /usr -xdev -path /usr/local -prune -o -type d -print | sort) |
    tac | while IFS= read -r folder; do
    rmdir "$folder" 2>/dev/null || true
  done
}

restore_files() {
  local record
  # What lies deeper comes first, so that a folder we made is empty when its turn comes.
  while IFS= read -r record; do
    restore_record "$record"
  done < <(find "$PLINTH_BEFORE/paths" -type f ! -name '*.orig' ! -name '*.list' ! -name '*.mode' ! -name '*.tmp' 2>/dev/null |
    awk '{ print gsub(/%2F/, "&") "\t" $0 }' | sort -rn | cut -f 2-)
}

# Accounts that packages made for themselves and never remove.
remove_accounts() {
  local name accounts=(haproxy)
  for name in "${accounts[@]}"; do
    was_before users "$name" || ! grep -q "^$name:" /etc/passwd || run userdel "$name"
    was_before groups "$name" || ! grep -q "^$name:" /etc/group || run groupdel "$name"
  done
}

# Keys that Kubernetes, its network and our own settings change; the rest is none of our business.
KERNEL_KEYS='^/proc/sys/(net/(ipv4/(ip_forward|conf/|neigh/|vs/|ip_local_)|ipv6/(conf/|neigh/)|bridge/|netfilter/|core/)|vm/|kernel/(panic|panic_on_oops|pid_max|keys/root_)|fs/(inotify/|file-max|nr_open|may_detach))'

restore_sysctls() {
  local line file value
  # ip_forward first: writing it sets the forwarding of every interface.
  while IFS= read -r line; do
    file=${line%%:*}
    value=${line#*:}
    [[ -w $file && $(cat "$file" 2>/dev/null) != "$value" ]] || continue
    note "$file = $value"
    printf '%s\n' "$value" 2>/dev/null >"$file" || true
  done < <(
    for line in "$PLINTH_BEFORE"/sysctls/*; do
      [[ ! -e $line || $line == *.tmp ]] || printf '/proc/sys/%s:%s\n' "$(basename "$line" | tr . /)" "$(<"$line")"
    done
    grep '/ip_forward:' "$PLINTH_BEFORE/sysctls.all" || true
    comm -23 <(grep -E "$KERNEL_KEYS" "$PLINTH_BEFORE/sysctls.all" | sort) \
      <(grep -rs '' /proc/sys/{net,vm,kernel,fs} | sort)
  )
}

restore_swap() {
  local area _
  while read -r area _; do
    grep -q "^$area " /proc/swaps || run swapon "$area" || note "swap $area cannot be switched on again"
  done <"$PLINTH_BEFORE/swaps"
}

unload_modules() {
  local module
  have modprobe && [[ -s $PLINTH_BEFORE/modules ]] || return 0
  for module in vxlan br_netfilter overlay; do
    was_before modules "$module" || ! grep -q "^$module " /proc/modules || modprobe -r "$module" 2>/dev/null || true
  done
}

same_lines() { cmp -s <(sort "$1") <(sort "$2"); }

put_state_back() {
  local file original
  for file in "$@"; do
    original=$PLINTH_BEFORE/state/$(plinth_path_key "$file")
    if [[ -e $original ]]; then
      same_file "$original" "$file" || put_back "$original" "$file"
    else
      rm -f "$file"
    fi
  done
}

# Backups and caches say something about a past that is undone: put back where the present equals it.
restore_tool_state() {
  local file
  if cmp -s <(list_packages) "$PLINTH_BEFORE/packages"; then
    put_state_back /var/lib/dpkg/{status,diversions,statoverride}{,-old} /var/lib/dpkg/available \
      /var/lib/dpkg/triggers/{File,Unincorp} /var/lib/apt/extended_states /var/cache/debconf/* \
      /etc/ld.so.cache /var/cache/ldconfig/aux-cache /var/lib/systemd/catalog/database
    if [[ -s $PLINTH_BEFORE/dpkg-lists.tgz ]]; then
      tar -C /var/lib/dpkg/info -xzf "$PLINTH_BEFORE/dpkg-lists.tgz"
    fi
  else
    note 'packages differ from those before; the package manager keeps its own state'
    diff <(list_packages) "$PLINTH_BEFORE/packages" || true
  fi
  for file in passwd group shadow gshadow subuid subgid; do
    if [[ -e /etc/$file ]] && same_lines "/etc/$file" "$PLINTH_BEFORE/state/%2Fetc%2F$file"; then
      put_state_back "/etc/$file" "/etc/$file-"
    fi
  done
}

stop_units
note 'removing packages that were not there before'
own_unpacked
purge_packages
remove_unpacked
note 'putting files back'
restore_files
remove_accounts
start_units
restore_sysctls
restore_swap
unload_modules
restore_tool_state

mapfile -t left < <(new_packages)
((${#left[@]} == 0)) || fail StepFailed "packages are still there: ${left[*]}"
plinth_record "$RESTORED" "$PLINTH_CLUSTER_ID"
note 'the machine is as it was found'
