# shellcheck shell=bash
# The network's workloads run everywhere as they were applied last. WORKLOADS: rows of `namespace kind/name`. It is waited
# for as long as it goes on: one node after another, of which there may be a thousand.
hint 'Is a node away, or short of memory or disk? Its agent cannot be replaced, and the others wait for it.'

# What is rolled out so far, to be compared.
state_of() { kube -n "$1" get "$2" -o 'jsonpath={.status.observedGeneration} {.status.updatedNumberScheduled}{.status.updatedReplicas} {.status.numberAvailable}{.status.availableReplicas}'; }

# Pods of the workload that are not Ready, each with its node.
unready() {
  local selector
  # {"k8s-app":"calico-node"}
  selector=$(kube -n "$1" get "$2" -o 'jsonpath={.spec.selector.matchLabels}' | tr -d '{}"' | tr ':' '=')
  kube -n "$1" get pods -l "$selector" -o \
    'jsonpath={range .items[*]}{.metadata.name} {.spec.nodeName} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' |
    awk '$NF != "True" { print $1 " on " $2 }'
}

roll_out() {
  local namespace=$1 workload=$2 before now waiting
  before=$(state_of "$namespace" "$workload") || before=''
  until run kubectl --kubeconfig "$ADMIN" -n "$namespace" rollout status "$workload" "--timeout=${QUIET_SECONDS}s"; do
    now=$(state_of "$namespace" "$workload") || now=''
    if [[ $now == "$before" ]]; then
      waiting=$(unready "$namespace" "$workload") || waiting=''
      note "$waiting"
      kube -n "$namespace" get events --field-selector type=Warning --sort-by=.lastTimestamp 2>/dev/null | tail -n 10 || true
      waiting=$(head -n 5 <<<"$waiting" | paste -sd ',' | sed 's/,/, /g')
      fail StepFailed "$workload is not rolled out, and nothing of it has changed for $QUIET_SECONDS s; not ready: ${waiting:-none of its pods is known}"
    fi
    before=$now
  done
}

while read -r namespace workload; do
  [[ -z $workload ]] || roll_out "$namespace" "$workload" </dev/null
done <<<"$WORKLOADS"
