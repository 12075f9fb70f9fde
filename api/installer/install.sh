#!/bin/sh
# Lets plinth in: makes a login for its public key, and tells it about this machine.
#   --url URL --key 'ssh-ed25519 …' [--hostname NAME], and the token on stdin: sudo logs the arguments
#   --undo      takes away all that it made (also: plinth-installer --undo)
# It downloads nothing, may be run again, and leaves: the login `plinth` (no password), its sudo rule, a copy of
# itself in /usr/local/sbin, and /var/lib/plinth-installer with what was there before.
set -eu
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

LOGIN=plinth
STATE=/var/lib/plinth-installer
SUDOERS=/etc/sudoers.d/90-plinth
COPY=/usr/local/sbin/plinth-installer
# There while the machine is in a cluster.
OWNER=/var/lib/plinth/owner

fail() {
  echo "plinth: $*" >&2
  exit 1
}

# The tools keep a copy of these files as they were before; ours must not stay in one.
account_files() { echo passwd group shadow gshadow; }

undo() {
  [ -d "$STATE" ] || fail "nothing to undo: this machine has no $STATE"
  [ ! -e "$OWNER" ] || fail "this machine is in a cluster: take it out, or delete the cluster, first (it says so in $OWNER)"
  rm -f "$SUDOERS"
  if id "$LOGIN" >/dev/null 2>&1; then
    # Sessions that plinth keeps open would keep the login busy.
    pkill -KILL -u "$LOGIN" 2>/dev/null && sleep 1
    userdel -r "$LOGIN" 2>/dev/null || ! id "$LOGIN" >/dev/null 2>&1 || fail "the login $LOGIN cannot be removed"
  fi
  for file in $(account_files); do
    cmp -s "/etc/$file" "$STATE/$file" || continue
    if [ -e "$STATE/$file-" ]; then cp -p "$STATE/$file-" "/etc/$file-"; else rm -f "/etc/$file-"; fi
  done
  rm -rf "$STATE" "$COPY"
  echo "plinth: the login $LOGIN and all that came with it are gone"
}

make_login() {
  if [ ! -d "$STATE" ]; then
    ! id "$LOGIN" >/dev/null 2>&1 || fail "there is a login $LOGIN that this script did not make"
    MADE=yes
    rm -rf "$STATE.new"
    mkdir "$STATE.new"
    for file in $(account_files); do
      for each in "$file" "$file-"; do
        [ ! -e "/etc/$each" ] || cp -p "/etc/$each" "$STATE.new/$each"
      done
    done
    # All at once: a run that was cut short is not taken for one that kept what was there.
    mv "$STATE.new" "$STATE"
  fi
  # A password that nothing matches, rather than a locked login: some sshd refuse those.
  id "$LOGIN" >/dev/null 2>&1 ||
    useradd --system --password '*' --create-home --home-dir "/home/$LOGIN" --shell /bin/sh "$LOGIN"
  mkdir -p "/home/$LOGIN/.ssh"
  printf '%s\n' "$KEY" >"/home/$LOGIN/.ssh/authorized_keys"
  chown -R "$LOGIN:" "/home/$LOGIN/.ssh"
  ! command -v restorecon >/dev/null || restorecon -R "/home/$LOGIN"
  printf '%s ALL=(ALL) NOPASSWD:ALL\n' "$LOGIN" >"$STATE/sudoers"
  visudo -cqf "$STATE/sudoers" || fail "sudo refuses the rule"
  install -m 0440 "$STATE/sudoers" "$SUDOERS"
  [ "$0" = "$COPY" ] || install -m 0755 "$0" "$COPY"
}

# Words on stdin, one a line, to a JSON list.
json_list() { awk '{ printf "%s\"%s\"", (NR > 1 ? "," : "["), $0 } END { printf "%s", (NR ? "]" : "[]") }'; }

machine() {
  case $(uname -m) in
    x86_64) arch=amd64 ;;
    aarch64) arch=arm64 ;;
    *) fail "plinth does not know the architecture $(uname -m)" ;;
  esac
  port=$(sshd -T 2>/dev/null | awk '$1 == "port" { print $2; exit }')
  # shellcheck disable=SC1091
  os=$(. /etc/os-release && printf '{"id":"%s","versionId":"%s"}' "${ID:-linux}" "${VERSION_ID:-}")
  addresses=$(ip -o address show scope global | awk '{ sub("/.*", "", $4); print $4 }' | json_list)
  keys=$(cat /etc/ssh/ssh_host_*_key.pub | awk '{ print $1, $2 }' | json_list)
  printf '{"hostname":"%s","address":"%s","addresses":%s,"username":"%s","port":%s,"osRelease":%s,"arch":"%s","hostKeys":%s}' \
    "$NAME" "$ADDRESS" "$addresses" "$LOGIN" "${port:-22}" "$os" "$arch" "$keys"
}

# The token is for curl alone: everyone may list the arguments of what runs.
ask() { printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" | curl -sS --max-time 30 -K - "$@"; }

register() {
  report=$(machine) || return 1
  answer=$(ask -H 'Content-Type: application/json' --data-binary "$report" -w '\n%{http_code}' "$URL/installer/register") || return 1
  code=${answer##*
}
  [ "$code" = 200 ] && return
  echo "plinth: $URL answered: $answer" >&2
  return 1
}

URL='' TOKEN='' KEY='' UNDO='' MADE=''
NAME=$(tr '[:upper:]' '[:lower:]' </proc/sys/kernel/hostname)
while [ $# -gt 0 ]; do
  option=$1
  shift
  case $option in
    --undo) UNDO=yes && continue ;;
    --url | --key | --hostname) [ $# -gt 0 ] || fail "$option needs a value" ;;
    *) fail "what is $option?" ;;
  esac
  case $option in
    --url) URL=$1 ;;
    --key) KEY=$1 ;;
    --hostname) NAME=$1 ;;
  esac
  shift
done

[ "$(id -u)" = 0 ] || fail "run it as root"
if [ -n "$UNDO" ]; then
  undo
  exit
fi
IFS= read -r TOKEN || :
for needed in "$URL" "$TOKEN" "$KEY"; do
  [ -n "$needed" ] || fail "--url, --key and a token on stdin are needed"
done
for tool in awk curl ip sudo visudo sshd useradd; do
  command -v "$tool" >/dev/null || fail "$tool is not here: install it first"
done
# Asked before anything is changed; and where this machine is seen from there.
ADDRESS=$(ask -f -o /dev/null -w '%{local_ip}' "$URL/installer/install.sh") || fail "$URL does not take this token"
make_login
if ! register; then
  [ -z "$MADE" ] || undo
  fail "this machine is not registered"
fi
echo "plinth: $NAME is registered from $ADDRESS; 'sudo plinth-installer --undo' takes it back once its cluster is deleted"
