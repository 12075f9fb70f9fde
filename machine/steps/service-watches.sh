# shellcheck shell=bash
# Whoever forwards to Services (kube-proxy, the cluster's DNS) hears of a pod that goes by a watch on EndpointSlices. An
# API server that restarts ends those watches, and a client that could not reach it tries again up to half a minute later:
# a node that is drained before then takes pods away to which others still send. API_SERVERS: `address:port` of each, a row.

WATCHES_BEFORE=$PLINTH_STATE/service-watches

# How many there are, over all API servers; one that does not answer has none.
service_watches() {
  local server count sum=0
  while read -r server; do
    [[ -n $server ]] || continue
    count=$(kube --server "https://$server" get --raw /metrics 2>/dev/null | awk '
      /^apiserver_longrunning_requests\{/ && /resource="endpointslices"/ && /verb="WATCH"/ { n += $NF }
      END { printf "%d", n }') || count=0
    sum=$((sum + count))
  done <<<"$API_SERVERS"
  printf '%s' "$sum"
}

# Before the first attempt at a restart; a later attempt may find them gone already.
note_service_watches() {
  [[ ! -s $WATCHES_BEFORE ]] || return 0
  service_watches >"$WATCHES_BEFORE.new" && mv -f "$WATCHES_BEFORE.new" "$WATCHES_BEFORE"
}

# Not worth a failure: a machine that is down, or a pod that left meanwhile, has one less for good.
wait_for_service_watches() {
  local wanted until now=0
  wanted=$(cat "$WATCHES_BEFORE" 2>/dev/null || printf 0)
  kubectl --kubeconfig "$ADMIN" -n kube-system rollout status daemonset/kube-proxy --timeout=120s ||
    note 'kube-proxy is not rolled out on every node; going on'
  until=$((SECONDS + 90))
  while now=$(service_watches) && ((now < wanted)); do
    if ((SECONDS >= until)); then
      note "$now watches on EndpointSlices, $wanted before; going on"
      break
    fi
    sleep 1
  done
  rm -f "$WATCHES_BEFORE"
}
