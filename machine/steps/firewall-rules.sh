# shellcheck shell=bash
# Takes the rules of Kubernetes and its network out of the kernel, and nobody else's.

# Only chains and rules of Kubernetes, Calico and the portmap plugin, in one transaction a table;
# a table that holds nothing after that, and is not one that was there before, goes too.
clean_tables() {
  local save=$1 restore=$2 table rules kept family=ip
  [[ $save != ip6* ]] || family=ip6
  have "$save" || return 0
  for table in raw mangle nat filter; do
    rules=$("$save" -t "$table" 2>/dev/null) || continue
    # Made by nft in a way that iptables cannot show: not one of ours.
    [[ $rules != *incompatible* ]] || continue
    awk -v table="$table" '
      function ours(chain) { return chain ~ /^(KUBE-|cali-|CNI-)/ }
      /^:/ { chain = substr($1, 2); if (ours(chain)) { declare = declare ":" chain " - [0:0]\n"; drop = drop "-X " chain "\n" } }
      /^-A / && !ours($2) && / (-j|-g) (KUBE-|cali-|CNI-)|--comment "?cali:/ { sub(/^-A/, "-D"); undo = undo $0 "\n" }
      END { if (declare undo != "") printf "*%s\n%s%s%sCOMMIT\n", table, declare, undo, drop }
    ' <<<"$rules" >"$PLINTH_RUN_DIR/rules"
    if [[ -s $PLINTH_RUN_DIR/rules ]]; then
      note "taking our chains out of $save's table $table"
      "$restore" --noflush <"$PLINTH_RUN_DIR/rules" ||
        fail StepFailed "cannot take the chains of Kubernetes out of the table $table" \
          "Look at $save -t $table: a rule that is not ours may refer to a chain of ours."
    fi
    # Every policy ACCEPT, no rule, no chain of others.
    kept=$("$save" -t "$table" 2>/dev/null | grep -vE '^(#|\*|COMMIT|:[A-Z]+ ACCEPT )') || true
    if [[ -z $kept ]] && ! was_before "${save/-nft/}" "*$table" &&
      ! was_before nft-ruleset "table $family $table {"; then
      printf '*%s\nCOMMIT\n' "$table" | "$restore" 2>/dev/null || true
    fi
  done
}

clean_rules() {
  local family
  for family in iptables ip6tables; do
    if have "$family-nft-save"; then
      clean_tables "$family-nft-save" "$family-nft-restore"
      # Asking the legacy tools loads their modules: only where they are in use.
      if have "$family-legacy-save" && [[ -s /proc/net/${family/tables/}_tables_names ]]; then
        clean_tables "$family-legacy-save" "$family-legacy-restore"
      fi
    else
      clean_tables "$family-save" "$family-restore"
    fi
  done
  if have nft; then
    for family in ip ip6; do
      for table in kube-proxy calico; do
        nft delete table "$family" "$table" 2>/dev/null || true
      done
    done
  fi
}
