# shellcheck shell=bash
# A snapshot of etcd, compressed, for plinth to fetch: it stays here only until then. SNAPSHOT: its id.

FOLDER=$PLINTH_STATE/snapshot
packed=$FOLDER/$SNAPSHOT.gz

tell() {
  local key value
  while read -r key value; do result "$key" "$value"; done <"$packed.facts"
}

# The facts come last: with them it is whole.
if [[ -s $packed && -s $packed.facts ]]; then
  tell
  skip "the snapshot $SNAPSHOT is there"
fi
# One at a time: what an earlier one left is of no use to anybody.
rm -rf "$FOLDER"
mkdir -p "$FOLDER"
chmod 700 "$FOLDER"

etcd_healthy https://127.0.0.1:2379 || fail StepFailed 'etcd is not healthy on this control plane' \
  'Look at its container: ctr -n k8s.io tasks ls, and at the other control planes.'
revision=$(etcd_call --data '{}' https://127.0.0.1:2379/v3/maintenance/status |
  sed -n 's/.*"revision": *"\([0-9]*\)".*/\1/p')
file=$FOLDER/$SNAPSHOT.db
take_snapshot "$file"
sum=$(sha256sum "$file" | cut -d ' ' -f 1)
size=$(stat -c %s "$file")
hint 'Is there room on the disk of /var/lib/plinth?'
(umask 077 && gzip -n -3 -c "$file" >"$packed.new")
rm -f "$file"
sync "$packed.new"
mv -f "$packed.new" "$packed"
cat >"$packed.facts.new" <<FACTS
revision $revision
size $size
sha256 $sum
packedSize $(stat -c %s "$packed")
packedSha256 $(sha256sum "$packed" | cut -d ' ' -f 1)
FACTS
mv -f "$packed.facts.new" "$packed.facts"
note "etcd at revision $revision: $size bytes, $(stat -c %s "$packed") compressed"
tell
