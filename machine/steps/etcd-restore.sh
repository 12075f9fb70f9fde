# shellcheck shell=bash
# Gives this control plane the keys and the data of a snapshot, as a new cluster of one etcd member. PACKED: the sum of
# the compressed snapshot, which has arrived; SUM: of what is in it; KEYS: archive of the keys; RESTORE: the restore's
# id; TURN: its turn. What was there is put aside.

DATA=/var/lib/etcd
PKI=/etc/kubernetes/pki
packed=$PLINTH_ARTIFACTS/$PACKED
work=$PLINTH_STATE/restore
root=$PLINTH_RUN_DIR/image

finish() {
  rm -rf "$work" "$packed"
  result caCertHash "$(ca_cert_hash)"
}

if has_data_of "$TURN"; then
  finish
  skip 'the data of the snapshot is in place'
fi
[[ -e $packed ]] || fail ArtifactMissing 'the snapshot did not arrive' 'Retry: it is sent again.'

record_path "$DATA"
rm -rf "$work"
mkdir -p "$work/pki"
chmod 700 "$work"
hint 'Is there room on the disk of /var/lib/plinth?'
gzip -dc "$packed" >"$work/snapshot.db"
[[ $(sha256sum "$work/snapshot.db") == "$SUM "* ]] || fail ArtifactCorrupt 'the snapshot is not what was taken' \
  'Restore another one.'
base64 -d <<<"$KEYS" | tar -xzf - -C "$work/pki" --no-same-owner

# etcd's own tool, from the image of the very etcd that will read the data.
etcd_tool() {
  local image tool
  image=$(kubeadm config images list --kubernetes-version "$KUBERNETES_VERSION" 2>/dev/null | grep '/etcd:') || return 1
  mkdir -p "$root"
  run ctr -n k8s.io images mount "$image" "$root" >/dev/null
  for tool in etcdutl etcdctl; do
    if [[ -x $root/usr/local/bin/$tool ]]; then
      printf '%s' "$root/usr/local/bin/$tool" >"$PLINTH_RUN_DIR/tool"
      return 0
    fi
  done
  return 1
}

drop_image() {
  umount "$root" 2>/dev/null || true
  ctr -n k8s.io snapshots rm "$root" >/dev/null 2>&1 || true
}
trap drop_image EXIT

etcd_tool || fail StepFailed "there is no etcd image with etcdutl for Kubernetes $KUBERNETES_VERSION on this machine" \
  'ctr -n k8s.io images ls on this machine shows what there is; retry brings it.'
tool=$(cat "$PLINTH_RUN_DIR/tool")
# Watchers that saw the lost cluster go on from a revision that this one must never reach again.
forward=()
if [[ $("$tool" snapshot restore --help 2>&1) == *--bump-revision* ]]; then
  forward=(--bump-revision 1000000000 --mark-compacted)
fi
hint 'The lines above are those of etcd. Restore another snapshot if this one cannot be read.'
ETCDCTL_API=3 run "$tool" snapshot restore "$work/snapshot.db" --data-dir "$work/data" --name "$NODE_NAME" \
  --initial-cluster "$NODE_NAME=https://$PRIVATE_IP:2380" --initial-cluster-token "$TURN" \
  --initial-advertise-peer-urls "https://$PRIVATE_IP:2380" "${forward[@]}"
[[ -s $work/data/member/snap/db ]] || fail StepFailed 'etcd made no data of the snapshot'
rm -f "$work/snapshot.db"

stop_static_pods
note 'putting aside what was there'
open_aside
put_aside "$DATA"
put_aside "$PKI"
# Credentials of a lost cluster, or of this one's lost machines: all of them are made anew from the keys.
mkdir -p "$PLINTH_STATE/restore-conf"
find /etc/kubernetes -maxdepth 1 -type f -exec mv -f -t "$PLINTH_STATE/restore-conf" {} + 2>/dev/null || true
put_aside "$PLINTH_STATE/restore-conf"
rmdir "$PLINTH_STATE/restore-conf"
put_aside /var/lib/kubelet/pki

hint 'Is the disk of /var/lib/etcd full?'
mkdir -p "$DATA" "$PKI/etcd"
chmod 700 "$DATA"
(cd "$work/pki" && find . -type f) | while read -r file; do
  install -m "$([[ $file == *.key ]] && echo 0600 || echo 0644)" "$work/pki/$file" "$PKI/$file"
done
cp -a "$work/data/member" "$DATA/member"
sync -f "$DATA" "$PKI"
mark_origin "$TURN" "$(ca_cert_hash)"
finish
