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
# Takes away the packages that we brought and that nobody else needs by now. Needs no network.

# Set by choose_packages: what goes, and what stays since something that is not ours needs it.
GOING=()
STAYING=()

# The packages as they are now, read once for all that asks: what cannot be read is no empty list.
look_at_packages() { list_packages >"$PLINTH_RUN_DIR/now"; }
packages_now() { cat "$PLINTH_RUN_DIR/now"; }

names_at_claim() { cut -f 1 "$PLINTH_BEFORE/packages" | sort -u; }

# A machine that an older plinth claimed has no record of what we brought: there it is all that is new.
own_packages() {
  # Nothing can be told apart by an empty one.
  [[ -s $PLINTH_BEFORE/packages ]] || [[ -e $PLINTH_BEFORE/installed ]] || return 0
  if [[ -e $PLINTH_BEFORE/installed ]]; then
    comm -12 "$PLINTH_BEFORE/installed" <(packages_now | cut -f 1 | sort -u) | comm -23 - <(installed_at_claim)
  else
    comm -13 <(names_at_claim) <(packages_now | cut -f 1 | sort -u) | grep -vE "$NEVER_OURS" || true
  fi
}

is_own() { own_packages | grep -qxF "$1"; }

# A dpkg killed between its files and their list leaves files that no package knows of. Unpacked once more, the package knows
# them, and they go with it. Its archive is ours, or apt's. A package of before that is broken is none of our business.
own_unpacked() {
  local packages=() name archive
  is_debian || return 0
  mapfile -t packages < <(comm -13 <(names_at_claim) <(packages_now | awk -F '\t' '$3 ~ /R/ { print $1 }' | sort -u))
  for name in "${packages[@]}"; do
    for archive in "$PLINTH_ARTIFACTS"/* "/var/cache/apt/archives/${name%%:*}"_*.deb; do
      # Killed, it leaves a folder.
      [[ $(TMPDIR=$PLINTH_RUN_DIR dpkg-deb --field "$archive" Package 2>/dev/null) == "${name%%:*}" ]] || continue
      # Who else would have unpacked what was sent for us?
      [[ $archive != "$PLINTH_ARTIFACTS"/* ]] || remember_packages <<<"$name"
      is_own "$name" || continue
      broken_off
      note "$name was unpacked half: unpacking it whole, to remove it whole"
      DEBIAN_FRONTEND=noninteractive dpkg --force-depends --force-confold --unpack "$archive" \
        </dev/null >/dev/null 2>&1 || note "dpkg cannot unpack $name; going on"
      look_at_packages
      break
    done
  done
}

# stay NAME…: out of GOING, whatever the architecture is called by. Fails where none of them was in it.
stay() {
  local name other going=()
  for name in "${GOING[@]}"; do
    for other in "$@"; do
      [[ ${name%%:*} != "${other%%:*}" ]] || { STAYING+=("$name") && continue 2; }
    done
    going+=("$name")
  done
  ((${#going[@]} < ${#GOING[@]})) || return 1
  GOING=("${going[@]}")
}

# dpkg itself says which of them something else needs, also by way of one that stays for that reason.
choose_of_dpkg() {
  local output refused=()
  while ((${#GOING[@]})); do
    ! output=$(LC_ALL=C dpkg --no-act --force-remove-reinstreq --purge "${GOING[@]}" 2>&1) || return 0
    awk '
      /^dpkg: dependency problems prevent removal of / { name = $7; sub(/:$/, "", name); next }
      /^dpkg: error processing package / { name = $5; next }
      name != "" && /^ / { sub(/^ +/, ""); sub(/(; however:|\.)$/, ""); if (!(name in said)) print name " stays: " $0; said[name] = 1 }
      { name = "" }
    ' <<<"$output"
    mapfile -t refused < <(sed '1,/^Errors were encountered while processing:/d; s/^ *//' <<<"$output")
    # What else is wrong the removal itself will tell.
    stay "${refused[@]}" || return 0
  done
}

# rpm names what is missed, which may be anything that a package provides.
choose_of_rpm() {
  local output wanted=() refused=()
  while ((${#GOING[@]})); do
    ! output=$(LC_ALL=C rpm -e --test --allmatches "${GOING[@]}" 2>&1) || return 0
    grep 'is needed by' <<<"$output" || true
    # What else is wrong the removal itself will tell.
    grep -q 'is needed by' <<<"$output" || return 0
    # (a or b): each word of it.
    mapfile -t wanted < <(sed -n 's/^[[:space:]]*\(.*\) is needed by .*/\1/p' <<<"$output" | tr ' ' '\n' |
      sed 'p; s/^(*//; s/)*$//' | sed '/^$/d')
    refused=()
    ((${#wanted[@]} == 0)) ||
      mapfile -t refused < <(rpm -q --whatprovides "${wanted[@]}" --qf '%{NAME}.%{ARCH}\n' 2>/dev/null)
    if ! stay "${refused[@]}"; then
      printf '%s\n' "$output"
      note 'what rpm says of them names none of these packages: all of them stay'
      stay "${GOING[@]}"
    else
      note "staying: ${STAYING[*]}"
    fi
  done
}

choose_packages() {
  mapfile -t GOING < <(own_packages)
  if is_debian; then choose_of_dpkg; else choose_of_rpm; fi
  # Of what came since and does not go.
  local packages=()
  mapfile -t packages < <(packages_now | names_of_installed | comm -13 <(installed_at_claim) - | comm -23 - <(printf '%s\n' "${GOING[@]}" | sort -u))
  hold_paths "${packages[@]}"
}

# is_kept NAME: of a unit or an account that bears the name of a package that stays.
is_kept() {
  local name
  for name in "${STAYING[@]}"; do
    [[ ${name%%[.:]*} != "$1" ]] || return 0
  done
  return 1
}

# What was killed; where no package of ours is there by then, nothing else has dpkg take up its own journal.
take_up_journal() {
  [[ ! -e $PLINTH_BEFORE/purging ]] || broken_off
  is_debian && [[ -e $PLINTH_BEFORE/broken-off ]] || return 0
  dpkg --set-selections </dev/null || note 'dpkg does not take up what it has begun; going on'
}

purge_packages() {
  local output listed=() action=--purge
  ((${#GOING[@]})) || return 0
  : >"$PLINTH_BEFORE/purging"
  if is_debian; then
    export DEBIAN_FRONTEND=noninteractive
    # The settings of one that was there once are not ours.
    mapfile -t listed < <(comm -12 <(names_at_claim) <(printf '%s\n' "${GOING[@]}" | sort))
    ((${#listed[@]} == 0)) || action=--remove
    printf '+ dpkg %s %s\n' "$action" "${GOING[*]}"
    # One call: dpkg itself finds the order. A package that a kill left half-installed goes as well.
    if ! output=$(dpkg --force-remove-reinstreq "$action" "${GOING[@]}" 2>&1); then
      printf '%s\n' "$output"
      [[ $output != *'frontend lock'* && $output != *'is locked'* ]] ||
        fail PackageLockHeld "dpkg's lock is held by another process"
      fail StepFailed 'dpkg cannot remove the packages that were installed for Kubernetes' \
        'Run dpkg --configure -a on the machine, look at what it says, then try again.'
    fi
    printf '%s\n' "$output"
    [[ $action == --purge ]] || purge_settings
  else
    run rpm -e --allmatches "${GOING[@]}"
  fi
  rm -f "$PLINTH_BEFORE/purging"
}

# Of those that were not there at all.
purge_settings() {
  local packages=()
  mapfile -t packages < <(comm -13 <(names_at_claim) <(printf '%s\n' "${GOING[@]}" | sort))
  ((${#packages[@]} == 0)) || run dpkg --purge "${packages[@]}"
}

# Our hold is not on what stays, unless it was held before us.
release_holds() {
  local name
  is_debian || return 0
  for name in containerd runc; do
    # shellcheck disable=SC2016 # dpkg's own variable
    [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) == h* ]] || continue
    ! awk -F '\t' -v name="$name" '{ sub(/:.*/, "", $1) } $1 == name && $3 ~ /^h/ { held = 1 } END { exit !held }' \
      "$PLINTH_BEFORE/packages" || continue
    note "$name is held no more"
    printf '%s install\n' "$name" | dpkg --set-selections
  done
}

# Every path of the packages that came since or are of another version now, also where /lib stands for /usr/lib. Of the
# others a folder that was not there is none that anybody misses: some systems leave out what dpkg lists.
paths_of_others() {
  local packages=()
  mapfile -t packages < <(comm -13 "$PLINTH_BEFORE/packages" <(packages_now) | cut -f 1)
  ((${#packages[@]} == 0)) || paths_of "${packages[@]}" | sed -n 'p; s#^/\(bin\|sbin\|lib[0-9a-z]*\)\(/.*\)*$#/usr&#p' | sort -u
}

# A dpkg killed while it unpacks leaves files under names of its own, and folders of nobody.
remove_unpacked() {
  local folder
  is_debian && [[ -e $PLINTH_BEFORE/broken-off ]] || return 0
  [[ -z $(dpkg_lock_holder) ]] || fail PackageLockHeld "dpkg's lock is held by $(dpkg_lock_holder)"
  rm -rf /var/lib/dpkg/tmp.ci /var/lib/dpkg/updates/tmp.i
  find /var/lib/dpkg/info -name '*.list-new' -cnewer "$PLINTH_BEFORE/claimed" -delete
  # What is unpacked and not configured by now is its owner's.
  packages_now | awk -F '\t' '$3 ~ /^.[UFHWt]/ { half = 1 } END { exit !half }' ||
    find /usr /etc -xdev -name '*.dpkg-new' -cnewer "$PLINTH_BEFORE/claimed" -delete
  [[ -s $PLINTH_BEFORE/usr-folders ]] || return 0
  comm -13 "$PLINTH_BEFORE/usr-folders" <(find /usr -xdev \( -path /usr/local -o -path /usr/lib/modules \) -prune -o -type d -print | sort) |
    comm -23 - <(paths_of_others) | tac | while IFS= read -r folder; do
    rmdir "$folder" 2>/dev/null || true
  done
}

# shellcheck shell=bash
# Kernel settings as they were, but for those that the machine's owner has set meanwhile.

# Keys that Kubernetes, its network and forwarding itself change behind our back; the rest is none of our business.
KERNEL_KEYS='^/proc/sys/(net/(ipv4/(ip_forward|vs/[^:]+)|(bridge|netfilter)/[^:]+|ipv[46]/conf/[^/]+/(forwarding|mc_forwarding|accept_redirects|send_redirects|secure_redirects|route_localnet|rp_filter|src_valid_mark|arp_ignore|arp_announce|proxy_arp|proxy_ndp|accept_ra|disable_ipv6))|vm/(overcommit_memory|panic_on_oom)|kernel/(panic|panic_on_oops|keys/root_[a-z]+)):'

squeezed() { tr -s '[:space:]' ' ' <<<"$1" | sed 's/^ //; s/ $//'; }

# What the owner's own files ask for, with ours gone: `path<TAB>value`, where a path may be a pattern.
settings_of_owner() {
  { cat /etc/sysctl.d/*.conf /etc/sysctl.conf 2>/dev/null || true; } | awk '
    /^[ \t]*([#;]|$)/ || !/=/ { next }
    {
      key = substr($0, 1, index($0, "=") - 1); value = substr($0, index($0, "=") + 1)
      gsub(/^[ \t-]+|[ \t]+$/, "", key); gsub(/[ \t]+/, " ", value); gsub(/^ | $/, "", value)
      # What separates first separates all; the other sign is part of a name.
      if (match(key, /[.\/]/) && substr(key, RSTART, 1) == ".") {
        gsub(/\//, "\n", key); gsub(/\./, "/", key); gsub(/\n/, ".", key)
      }
      print "/proc/sys/" key "\t" value
    }'
}

# Whose value follows from another's.
leader_of() {
  case $1 in
    /proc/sys/net/ipv4/conf/*/forwarding | /proc/sys/net/ipv4/conf/*/accept_redirects) printf '/proc/sys/net/ipv4/ip_forward' ;;
    /proc/sys/net/ipv6/conf/*/forwarding) printf '/proc/sys/net/ipv6/conf/all/forwarding' ;;
  esac
}

# is_of_owner FILE VALUE: it has this value by the owner's own files.
is_of_owner() {
  local pattern value leader
  while IFS=$'\t' read -r pattern value; do
    # shellcheck disable=SC2053 # a pattern
    [[ $1 != $pattern || $2 != "$value" ]] || return 0
  done <<<"$OWN_SETTINGS"
  leader=$(leader_of "$1")
  [[ -n $leader && $leader != "$1" ]] && is_of_owner "$leader" "$(cat "$leader" 2>/dev/null)"
}

# was_set_since KEY VALUE: it is not what we set it to.
was_set_since() {
  local ours=$PLINTH_BEFORE/sysctls-set/$1
  [[ -e $ours && $(squeezed "$(<"$ours")") != "$2" ]]
}

key_of() {
  local key=${1#/proc/sys/}
  printf '%s' "${key//\//.}"
}

restore_sysctl() {
  local file=$1 value=$2 now
  [[ -w $file ]] || return 0
  now=$(squeezed "$(cat "$file" 2>/dev/null)")
  [[ $now != "$(squeezed "$value")" ]] || return 0
  if is_of_owner "$file" "$now" || was_set_since "$(key_of "$file")" "$now"; then
    note "$file stays $now: its owner has set it since"
    return
  fi
  note "$file = $value"
  printf '%s\n' "$value" 2>/dev/null >"$file" || true
}

# Those that we set have a record of their own.
changed_behind_us() {
  local line
  comm -23 <(grep -E "$KERNEL_KEYS" "$PLINTH_BEFORE/sysctls.all" | sort) \
    <(grep -rs '' /proc/sys/{net,vm,kernel,fs} | sort) | while IFS= read -r line; do
    [[ -e $PLINTH_BEFORE/sysctls/$(key_of "${line%%:*}") ]] || printf '%s\n' "$line"
  done
}

restore_sysctls() {
  local line changed OWN_SETTINGS
  OWN_SETTINGS=$(settings_of_owner)
  changed=$(changed_behind_us)
  while IFS= read -r line; do
    [[ -z $line ]] || restore_sysctl "${line%%:*}" "${line#*:}"
  done < <(
    for line in "$PLINTH_BEFORE"/sysctls/*; do
      [[ ! -e $line || $line == *.tmp ]] || printf '/proc/sys/%s:%s\n' "$(basename "$line" | tr . /)" "$(<"$line")"
    done
    # Before what follows from it: writing it sets the forwarding of every interface.
    grep '/ip_forward:' <<<"$changed" || true
    printf '%s\n' "$changed"
  )
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
# Takes back what we did, by what `claim` and the steps recorded: units, packages, files, kernel settings,
# swap, and the state that package tools keep for themselves. What the machine's owner has changed since
# stays. Needs no network.

[[ ! -e $RESTORED ]] || skip 'the machine is as it was found'
[[ -e $PLINTH_BEFORE/claimed ]] || skip 'nothing was recorded, so nothing was changed'

# Units that were not enabled, or not active, are so again; those that were come back after the files.
stop_units() {
  local record unit enabled active
  have systemctl || return 0
  for record in "$PLINTH_BEFORE"/units/*; do
    [[ -e $record && $record != *.tmp ]] || continue
    unit=${record##*/}
    read -r enabled active <"$record"
    systemctl cat "$unit" >/dev/null 2>&1 || continue
    ! is_kept "${unit%.*}" || continue
    [[ $active == active || $active == activating ]] || run systemctl stop "$unit"
    case $enabled in
      enabled* | masked* | static | indirect | generated | alias | linked*) ;;
      *) systemctl --quiet disable "$unit" 2>/dev/null || true ;;
    esac
  done
}

# What its owner has taken away since holds up nothing.
start_unit() {
  if ! systemctl cat "$1" >/dev/null 2>&1; then
    note "$1 is not there any more"
  elif [[ $1 == *.swap ]]; then
    run systemctl start "$1" || note "$1 cannot be switched on again"
  else
    run systemctl start "$1" || fail StepFailed "$1 does not start again" \
      "It ran when the machine was claimed: look at systemctl status $1, mend it or take it away, then try again."
  fi
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
    if is_kept "${unit%.*}" && systemctl is-enabled --quiet "$unit"; then active=active; fi
    if [[ $active == active ]] && ! systemctl is-active --quiet "$unit"; then
      start_unit "$unit"
    fi
    systemctl reset-failed "$unit" 2>/dev/null || true
  done
}

# What package managers keep for themselves; see restore_tool_state.
TOOL_FOLDERS=(/var/cache/apt /var/lib/apt/lists /var/log/apt)

# is_spared KIND PATH: it does not go by its record alone.
is_spared() {
  local kind=$1 path=$2
  [[ " ${TOOL_FOLDERS[*]} " != *" $path "* ]] || return 0
  [[ $kind == absent || $kind == dir ]] || return 1
  is_kept "${path##*/}" || return 1
  note "$path stays, with the package that has it"
}

restore_files() {
  local record kind path
  # What lies deeper comes first, so that a folder we made is empty when its turn comes.
  while IFS= read -r record; do
    read -r kind path <"$record"
    is_spared "$kind" "$path" || restore_record "$record"
  done < <(find "$PLINTH_BEFORE/paths" -type f ! -name '*.orig' ! -name '*.list' ! -name '*.mode' ! -name '*.tmp' 2>/dev/null |
    awk '{ print gsub(/%2F/, "&") "\t" $0 }' | sort -rn | cut -f 2-)
}

# Accounts that packages made for themselves and never remove.
remove_accounts() {
  local name accounts=(haproxy)
  for name in "${accounts[@]}"; do
    ! is_kept "$name" || continue
    was_before users "$name" || ! grep -q "^$name:" /etc/passwd || run userdel "$name"
    was_before groups "$name" || ! grep -q "^$name:" /etc/group || run groupdel "$name"
  done
}

# names_swap FSTAB AREA
names_swap() {
  local source area
  area=$(readlink -f "$2")
  while read -r source; do
    [[ $source != *=* ]] || source=$(findfs "${source//\"/}" 2>/dev/null) || continue
    [[ $(readlink -f "$source") != "$area" ]] || return 0
  done < <(awk '$1 !~ /^#/ && $3 == "swap" { print $1 }' "$1" 2>/dev/null)
  return 1
}

# Swap that is gone, or no longer in the fstab that had it, its owner has given up.
restore_swap() {
  local area _ fstab
  fstab=$PLINTH_BEFORE/paths/$(plinth_path_key /etc/fstab).orig
  while read -r area _; do
    ! grep -q "^$area " /proc/swaps || continue
    if [[ ! -e $area ]] || { names_swap "$fstab" "$area" && ! names_swap /etc/fstab "$area"; }; then
      note "swap $area was taken out since"
    else
      run swapon "$area" || note "swap $area cannot be switched on again"
    fi
  done <"$PLINTH_BEFORE/swaps"
}

unload_modules() {
  local module
  have modprobe && [[ -s $PLINTH_BEFORE/modules ]] || return 0
  for module in vxlan br_netfilter overlay; do
    # Somebody else has asked for it by now.
    ! grep -qsx "$module" /etc/modules /etc/modules-load.d/*.conf || continue
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

# Its owner may have written to these as well: with the same lines they are what they were.
put_same_back() {
  local file original
  for file in "$@"; do
    original=$PLINTH_BEFORE/state/$(plinth_path_key "$file")
    [[ -e $original ]] || original=/dev/null
    [[ ! -e $file ]] || same_lines "$original" "$file" || continue
    put_state_back "$file" "$file-old"
  done
}

libraries() { ldconfig -p -C "$1" 2>/dev/null | tail -n +2 | sort; }

# A library may have come without a package.
same_libraries() {
  ! have ldconfig ||
    cmp -s <(libraries "$PLINTH_BEFORE/state/$(plinth_path_key /etc/ld.so.cache)") <(libraries /etc/ld.so.cache)
}

# Names without their architecture, of what we have brought; an earlier attempt may have taken it away.
own_names() { { cat "$PLINTH_BEFORE/installed" 2>/dev/null || printf '%s\n' "${GOING[@]}"; } | sed 's/:.*//' | sort -u; }

# What apt takes away by itself once nothing needs it, but for our own.
automatic() {
  [[ ! -e $1 ]] || awk -v RS= '/Auto-Installed: 1/ { sub(/^Package: */, ""); sub(/\n.*/, ""); print }' "$1" | sort -u |
    comm -23 - <(own_names)
}

put_automatic_back() {
  local file=/var/lib/apt/extended_states
  cmp -s <(automatic "$PLINTH_BEFORE/state/$(plinth_path_key "$file")") <(automatic "$file") || return 0
  put_state_back "$file"
}

# Backups and caches say something about a past that is undone: put back where the present equals it.
restore_tool_state() {
  local file
  # Whoever has waited for us to be done with packages is at work on them by now.
  look_at_packages
  if [[ -z $(dpkg_lock_holder) ]] && packages_now | cmp -s - "$PLINTH_BEFORE/packages"; then
    put_state_back /var/lib/dpkg/status{,-old} /var/lib/dpkg/available \
      /var/lib/dpkg/triggers/{File,Unincorp} /var/lib/systemd/catalog/database
    put_same_back /var/lib/dpkg/{diversions,statoverride} /var/cache/debconf/{config,passwords,templates}.dat
    put_automatic_back
    ! same_libraries || put_state_back /etc/ld.so.cache /var/cache/ldconfig/aux-cache
    if [[ -s $PLINTH_BEFORE/dpkg-lists.tgz ]]; then
      tar -C /var/lib/dpkg/info -xzf "$PLINTH_BEFORE/dpkg-lists.tgz"
    fi
    for file in "${TOOL_FOLDERS[@]}"; do restore_path "$file"; done
  else
    note 'packages differ from those before; the package manager keeps its own state'
    packages_now | diff - "$PLINTH_BEFORE/packages" || true
  fi
  for file in passwd group shadow gshadow subuid subgid; do
    if [[ -e /etc/$file ]] && same_lines "/etc/$file" "$PLINTH_BEFORE/state/%2Fetc%2F$file"; then
      put_state_back "/etc/$file" "/etc/$file-"
    fi
  done
}

# An older plinth did not write down that it was at work on packages.
[[ -e $PLINTH_BEFORE/installed ]] || broken_off
take_up_installation
take_up_journal
look_at_packages
own_unpacked
choose_packages
stop_units
note 'removing the packages that came with us'
purge_packages
look_at_packages
release_holds
remove_unpacked
note 'putting files back'
restore_files
restore_trust
remove_accounts
start_units
restore_sysctls
restore_swap
unload_modules
restore_tool_state

mapfile -t left < <(packages_now | names_of_installed | comm -12 - <(printf '%s\n' "${GOING[@]}" | sort))
((${#left[@]} == 0)) || fail StepFailed "packages are still there: ${left[*]}"
plinth_record "$RESTORED" "$PLINTH_CLUSTER_ID"
((${#STAYING[@]} == 0)) || note "packages that came with us stay, since others need them: ${STAYING[*]}"
note 'the machine is as it was found'
