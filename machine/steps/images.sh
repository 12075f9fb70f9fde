# shellcheck shell=bash
# The images that the node's roles need. IMAGE_FILES: rows of `sha256 ref[,ref…]` from a bundle;
# PULL: where there is no bundle, references beside those of kubeadm. CONTROL_PLANE: whether it is one.

present() { grep -qxF "$1" <<<"$have_images"; }

list_images() { ctr -n k8s.io images ls -q; }

all_present() {
  local ref
  for ref in ${1//,/ }; do present "$ref" || return 1; done
}

# What is imported would take the disk twice. Its size stays, so that it is not sent again.
spend() {
  local size
  size=$(stat -c %s "$1" 2>/dev/null) || return 0
  : >"$1"
  truncate -s "$size" "$1"
}

# Spent before, and the image has gone since: then it has to be sent again.
drop_spent() {
  [[ ! -s $1 || $(stat -c %b "$1") != 0 ]] || rm -f "$1"
}

changed=0
hint 'Is containerd running? Is the disk under /var/lib/containerd full?'
have_images=$(list_images)
if [[ -n $IMAGE_FILES ]]; then
  # Of a full disk the kubelet takes images that nothing uses: their archives, spent before, have to come again.
  gone=
  while read -r sum refs; do
    file=$PLINTH_ARTIFACTS/$sum
    all_present "$refs" || drop_spent "$file"
    [[ -e $file ]] || all_present "$refs" || gone+=" $refs"
  done <<<"$IMAGE_FILES"
  if [[ -n $gone ]]; then
    lacks "image archives did not arrive:$gone"
  fi
  while read -r sum refs; do
    file=$PLINTH_ARTIFACTS/$sum
    if all_present "$refs"; then
      spend "$file"
      continue
    fi
    note "importing $refs"
    bundle_file "$file" | run ctr -n k8s.io images import - >/dev/null
    spend "$file"
    changed=1
  done <<<"$IMAGE_FILES"
else
  kubernetes=$(kubeadm config images list --kubernetes-version "$KUBERNETES_VERSION")
  [[ $CONTROL_PLANE == true ]] || kubernetes=$(grep -E '/(kube-proxy|coredns|pause):' <<<"$kubernetes")
  for ref in $PULL $kubernetes; do
    present "$ref" && continue
    hint "Can the machine reach the registry of $ref? A proxy or a mirror can be set."
    note "pulling $ref"
    run ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d "$ref" >/dev/null
    changed=1
  done
fi
have_images=$(list_images)
while read -r sum refs; do
  [[ -z $refs ]] || all_present "$refs" || fail StepFailed "images are missing after the import: $refs"
done <<<"$IMAGE_FILES"
((changed)) || skip 'every image is there'
