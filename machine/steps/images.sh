# shellcheck shell=bash
# The images that the node's roles need. IMAGE_FILES: rows of `sha256 ref[,ref…]` from a bundle;
# PULL: references to pull where there is no bundle.

present() { grep -qxF "$1" <<<"$have_images"; }

list_images() { ctr -n k8s.io images ls -q; }

all_present() {
  local ref
  for ref in ${1//,/ }; do present "$ref" || return 1; done
}

changed=0
hint 'Is containerd running? Is the disk under /var/lib/containerd full?'
have_images=$(list_images)
if [[ -n $IMAGE_FILES ]]; then
  while read -r sum refs; do
    file=$PLINTH_ARTIFACTS/$sum
    if all_present "$refs"; then
      # Imported: the archive would only take the disk twice.
      rm -f "$file"
      continue
    fi
    [[ -e $file ]] || fail ArtifactMissing "the image archive of $refs did not arrive" 'Retry: it is sent again.'
    run ctr -n k8s.io images import "$file" >/dev/null
    rm -f "$file"
    changed=1
  done <<<"$IMAGE_FILES"
else
  for ref in $PULL $(kubeadm config images list --kubernetes-version "$KUBERNETES_VERSION" 2>/dev/null); do
    present "$ref" && continue
    hint "Can the machine reach the registry of $ref? A proxy or a mirror can be set."
    run ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d "$ref" >/dev/null
    changed=1
  done
fi
have_images=$(list_images)
while read -r sum refs; do
  [[ -z $refs ]] || all_present "$refs" || fail StepFailed "images are missing after the import: $refs"
done <<<"$IMAGE_FILES"
((changed)) || skip 'every image is there'
