# shellcheck shell=bash
# The kubelet gets the settings of the spec and is started again where they are others: its configuration from kubeadm's
# ConfigMap with this node's own patch (KUBELET_PATCH), and its flags (FLAGS, one a line). Where it does not
# become Ready with them within READY_SECONDS it gets back those of before.

CONFIGURATION=/var/lib/kubelet/config.yaml
FLAGS_FILE=/var/lib/kubelet/kubeadm-flags.env
# What the kubelet runs with, until it runs with others.
BEFORE=$PLINTH_STATE/kubelet-before
PATCHES=/etc/plinth/kubeadm-patches
# Those that kubeadm gives by itself. All others are people's, or in FLAGS.
KUBEADMS=' container-runtime-endpoint pod-infra-container-image register-with-taints hostname-override cgroup-driver '

as_node() { kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=10s "$@"; }

healthy() { [[ $(curl -fsS --noproxy '*' --max-time 3 http://127.0.0.1:10248/healthz 2>/dev/null) == ok ]]; }

# ready_since SECONDS (of the epoch): what the kubelet itself has said since then, by this machine's clock.
ready_since() {
  local said
  said=$(as_node get node "$NODE_NAME" -o \
    'jsonpath={range .status.conditions[?(@.type=="Ready")]}{.status} {.lastHeartbeatTime}{end}' 2>/dev/null) || return 1
  [[ $said == 'True '* ]] && (($(date -d "${said#True }" +%s) >= $1))
}

# restart_kubelet SECONDS: fails where it is not Ready by then.
restart_kubelet() {
  local from until=$((SECONDS + $1))
  from=$(date +%s)
  systemctl reset-failed kubelet.service 2>/dev/null || true
  run systemctl restart kubelet.service || return 1
  until healthy && ready_since "$from"; do
    ((SECONDS < until)) || return 1
    sleep 0.5
  done
}

# flags_of FILE: as they stand there.
flags_of() { sed -n 's/^KUBELET_KUBEADM_ARGS="\(.*\)"$/\1/p' "$1" | head -n 1; }

flags_line() {
  local word name all=() text
  for word in $(flags_of "$FLAGS_FILE"); do
    name=${word#--}
    name=${name%%=*}
    [[ $KUBEADMS != *" $name "* ]] || all+=("$word")
  done
  while read -r word; do
    [[ -z $word ]] || all+=("$word")
  done <<<"$FLAGS"
  text=${all[*]}
  text=${text//\\/\\\\}
  printf 'KUBELET_KUBEADM_ARGS="%s"\n' "${text//\"/\\\"}"
}

[[ -e $FLAGS_FILE ]] || fail StepFailed "there is no $FLAGS_FILE: no kubelet was set up here" \
  'Take the node out of the spec, apply, and add it again.'

# An attempt that was cut off has kept them, and is not through with it.
cut_off=1
if [[ ! -e $BEFORE/complete ]]; then
  cut_off=0
  rm -rf "$BEFORE"
  mkdir -p "$BEFORE"
  cp -p "$CONFIGURATION" "$BEFORE/config.yaml"
  cp -p "$FLAGS_FILE" "$BEFORE/kubeadm-flags.env"
  sync "$BEFORE"/* 2>/dev/null || true
  : >"$BEFORE/complete"
fi
[[ -s $CONFIGURATION ]] || cp -p "$BEFORE/config.yaml" "$CONFIGURATION"

setting_file "$PATCHES/kubeletconfiguration+strategic.json" 0644 "$KUBELET_PATCH"
arguments=()
[[ -z $KUBELET_PATCH ]] || arguments=("--patches=$PATCHES")
if ! run kubeadm upgrade node phase kubelet-config "${arguments[@]}"; then
  # Nothing is on its way any more: what is kept would be taken for that of a later attempt.
  if ((!cut_off)); then
    cp -p "$BEFORE/config.yaml" "$CONFIGURATION"
    rm -rf "$BEFORE"
  fi
  fail StepFailed 'kubeadm does not take the kubelet settings' \
    'kubeadm says above what is wrong; the kubelet runs with the settings of before. Mend them, then apply.'
fi
flags_line >"$FLAGS_FILE.new" && chmod 0644 "$FLAGS_FILE.new" && mv -f "$FLAGS_FILE.new" "$FLAGS_FILE"

# Whatever the order of flags.
same() {
  cmp -s "$CONFIGURATION" "$BEFORE/config.yaml" &&
    [[ $(flags_of "$FLAGS_FILE" | tr ' ' '\n' | sort) == "$(flags_of "$BEFORE/kubeadm-flags.env" | tr ' ' '\n' | sort)" ]]
}

if ((!cut_off)) && same; then
  cp -p "$BEFORE/kubeadm-flags.env" "$FLAGS_FILE"
  rm -rf "$BEFORE"
  skip 'the kubelet has these settings'
fi
if restart_kubelet "$READY_SECONDS"; then
  rm -rf "$BEFORE"
  exit 0
fi
kubelet_lines 25
note 'the kubelet gets its settings of before back'
cp -p "$BEFORE/config.yaml" "$CONFIGURATION"
cp -p "$BEFORE/kubeadm-flags.env" "$FLAGS_FILE"
if restart_kubelet "$READY_SECONDS"; then
  rm -rf "$BEFORE"
  fail StepFailed "the node is not Ready with its new kubelet settings after $READY_SECONDS s, and has those of before back" \
    "kubelet's last lines are above: kubeletConfigurationOverrides or kubeletExtraArgs. Mend them, then apply."
fi
fail StepFailed "the node is not Ready, neither with its new kubelet settings nor with those of before" \
  "kubelet's last lines are above; systemctl status kubelet, journalctl -u kubelet."
