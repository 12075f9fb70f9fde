# shellcheck shell=bash
# etcd's own snapshot of itself, over its HTTP API.

# What etcd sends ends with the sum of all before it.
whole() {
  local size sum
  size=$(stat -c %s "$1") && ((size > 32)) || return 1
  sum=$(tail -c 32 "$1" | od -An -v -tx1 | tr -d ' \n')
  [[ $(head -c "$((size - 32))" "$1" | sha256sum) == "$sum "* ]]
}

# take_snapshot FILE
take_snapshot() {
  hint 'Is etcd healthy on this control plane, and is there room on the disk of /var/lib/plinth?'
  printf 'curl https://127.0.0.1:2379/v3/maintenance/snapshot\n' >"$PLINTH_RUN_DIR/command"
  # One object a line, each with a piece of the file.
  (
    umask 077
    etcd_call --max-time 600 --no-buffer --data '{}' https://127.0.0.1:2379/v3/maintenance/snapshot |
      sed -n 's/.*"blob": *"\([^"]*\)".*/\1/p' | while read -r piece; do base64 -d <<<"$piece"; done >"$1.new"
  )
  whole "$1.new" || fail StepFailed 'the snapshot of etcd is not whole' \
    'Is etcd healthy on this control plane? Retry: it is taken anew.'
  sync "$1.new"
  mv -f "$1.new" "$1"
}
