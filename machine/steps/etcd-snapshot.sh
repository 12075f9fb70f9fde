# shellcheck shell=bash
# A snapshot of etcd on this control plane's disk, by its own HTTP API. LABEL: part of the file's name; KEEP: how many
# stay. A snapshot that is whole under its final name is kept.

FOLDER=$PLINTH_STATE/etcd-snapshots
file=$FOLDER/$LABEL.db

# What etcd sends ends with the sum of all before it.
whole() {
  local size sum
  size=$(stat -c %s "$1") && ((size > 32)) || return 1
  sum=$(tail -c 32 "$1" | od -An -v -tx1 | tr -d ' \n')
  [[ $(head -c "$((size - 32))" "$1" | sha256sum) == "$sum "* ]]
}

mkdir -p "$FOLDER"
chmod 700 "$FOLDER"
if [[ -s $file ]] && whole "$file"; then skip "the snapshot $file is there"; fi
hint 'Is etcd healthy on this control plane, and is there room on the disk of /var/lib/plinth?'
printf 'curl https://127.0.0.1:2379/v3/maintenance/snapshot\n' >"$PLINTH_RUN_DIR/command"
# One object a line, each with a piece of the file.
(
  umask 077
  etcd_call --max-time 600 --no-buffer --data '{}' https://127.0.0.1:2379/v3/maintenance/snapshot |
    sed -n 's/.*"blob": *"\([^"]*\)".*/\1/p' | while read -r piece; do base64 -d <<<"$piece"; done >"$file.new"
)
whole "$file.new" || fail StepFailed 'the snapshot of etcd is not whole' \
  'Is etcd healthy on this control plane? Retry: it is taken anew.'
sync "$file.new"
mv -f "$file.new" "$file"
while IFS= read -r old; do rm -f "$FOLDER/$old"; done < <(
  find "$FOLDER" -maxdepth 1 -name '*.db' -printf '%T@ %f\n' | sort -rn | tail -n "+$((KEEP + 1))" | cut -d ' ' -f 2
)
note "$file: $(stat -c %s "$file") bytes"
result snapshot "$file"
