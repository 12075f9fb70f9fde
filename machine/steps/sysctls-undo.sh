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
