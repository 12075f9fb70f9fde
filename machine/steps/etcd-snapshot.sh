# shellcheck shell=bash
# A snapshot of etcd on this control plane's disk, by its own HTTP API. LABEL: part of the file's name; KEEP: how many
# stay. A snapshot that is whole under its final name is kept.

FOLDER=$PLINTH_STATE/etcd-snapshots
file=$FOLDER/$LABEL.db

mkdir -p "$FOLDER"
chmod 700 "$FOLDER"
if [[ -s $file ]] && whole "$file"; then skip "the snapshot $file is there"; fi
take_snapshot "$file"
while IFS= read -r old; do rm -f "$FOLDER/$old"; done < <(
  find "$FOLDER" -maxdepth 1 -name '*.db' -printf '%T@ %f\n' | sort -rn | tail -n "+$((KEEP + 1))" | cut -d ' ' -f 2
)
note "$file: $(stat -c %s "$file") bytes"
result snapshot "$file"
