# shellcheck shell=bash
# fetch URL NAME puts it into DOWNLOADS, verified by the sum that is published beside it. SKIP_VERIFY is a parameter.

# On the disk, not in memory: kubelet alone is 80 MB.
DOWNLOADS=$PLINTH_STATE/downloads

insecure=()
if [[ $SKIP_VERIFY == true ]]; then
  note 'certificates are not checked here: proxy.allowInsecureBootstrap'
  insecure=(--insecure)
fi

fetch() {
  local wanted file=$DOWNLOADS/$2
  mkdir -p "$DOWNLOADS"
  hint "Can the machine reach $1? A proxy or a mirror can be set."
  run curl -fsSL --retry 3 --connect-timeout 10 "${insecure[@]}" -o "$file" "$1"
  wanted=$(curl -fsSL --retry 3 --connect-timeout 10 "${insecure[@]}" "$1.sha256")
  [[ $(sha256sum "$file" | cut -d ' ' -f 1) == "${wanted%% *}" ]] ||
    fail ArtifactCorrupt "$1 does not have the sum that is published beside it" 'Retry; if it stays, the mirror is broken.'
}
