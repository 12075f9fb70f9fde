# shellcheck shell=bash
# A small L4 proxy on every machine: the endpoint's name is 127.0.0.1, and only the backends ever change. EXTERNAL: the
# spec names a load balancer instead, and there is none of ours.

UNIT=plinth-api-endpoint.service
CONFIG=/etc/plinth/haproxy.cfg

config() {
  cat <<'TEXT'
# plinth: forwards to the control planes that answer
global
  maxconn 4096
defaults
  mode tcp
  # In one network an answer takes milliseconds: after a second somebody else is asked, each time another one.
  timeout connect 1s
  retries 3
  option redispatch 1
  # An API server waits for etcd's next leader before it says that it is ready: it is not down meanwhile.
  timeout check 4s
  timeout client 24h
  timeout server 24h
  option tcpka
frontend api
TEXT
  printf '  bind 127.0.0.1:%s\n  default_backend control-planes\nbackend control-planes\n' "$ENDPOINT_PORT"
  local name address check=
  if [[ $BACKENDS == *$'\n'* ]]; then
    # One that listens and is not ready (starting, without etcd) gets no connections; where anonymous
    # requests are forbidden, 401 is all that can be known. A watch that hangs on a dead control
    # plane starts anew on another one. A single one is no better when it is marked down.
    # A machine without power is known after two checks, each of which waits a second for a connection: 2.5 to 3.5 s.
    # One check alone may have met an API server that was busy.
    printf '  option httpchk GET /readyz\n  http-check expect rstatus ^(200|401)$\n'
    printf '  default-server inter %ss fastinter 500ms downinter %ss fall 2 rise 1 on-marked-down shutdown-sessions\n' \
      "$CHECK_SECONDS" "$CHECK_SECONDS"
    check=' check check-ssl verify none'
  fi
  while read -r name address; do
    printf '  server %s %s%s\n' "$name" "$address" "$check"
  done <<<"$BACKENDS"
}

unit() {
  cat <<'TEXT'
[Unit]
Description=plinth: the cluster's API endpoint on this machine
After=network-online.target
Wants=network-online.target
[Service]
# cloud-init may write /etc/hosts anew at every boot.
ExecStartPre=/bin/sh -c 'grep -q "^127.0.0.1 ENDPOINT_NAME$$" /etc/hosts || echo "127.0.0.1 ENDPOINT_NAME" >>/etc/hosts'
ExecStartPre=/usr/sbin/haproxy -c -q -f /etc/plinth/haproxy.cfg
ExecStart=/usr/sbin/haproxy -Ws -q -f /etc/plinth/haproxy.cfg
ExecReload=/usr/sbin/haproxy -c -q -f /etc/plinth/haproxy.cfg
ExecReload=/bin/kill -USR2 $MAINPID
Type=notify
Restart=always
RestartSec=1
LimitNOFILE=65536
[Install]
WantedBy=multi-user.target
TEXT
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$ENDPOINT_PORT") 2>/dev/null; }

# Of an attempt before the spec named a load balancer.
leave_it_to_load_balancer() {
  if [[ -e /etc/systemd/system/$UNIT ]]; then
    run systemctl disable --now --quiet "$UNIT"
    rm -f "/etc/systemd/system/$UNIT" "$CONFIG"
    systemctl daemon-reload
    changes_taken "$UNIT"
  fi
  getent ahosts "$ENDPOINT_NAME" >/dev/null || fail StepFailed "$ENDPOINT_NAME does not resolve on this machine" \
    'Put the load balancer into the DNS that this machine asks, or into its /etc/hosts, then retry.'
  skip "the load balancer $ENDPOINT_NAME forwards to the control planes"
}

[[ $EXTERNAL != true ]] || leave_it_to_load_balancer
record_unit "$UNIT"
files_of "$UNIT"
CHANGED=0
put_file "/etc/systemd/system/$UNIT" 0644 < <(unit | sed "s/ENDPOINT_NAME/$ENDPOINT_NAME/g")
unit_changed=$CHANGED
put_file "$CONFIG" 0644 < <(config)
if ! changes_pending "$UNIT" && systemctl is-active --quiet "$UNIT" &&
  systemctl is-enabled --quiet "$UNIT" && listens; then
  skip 'the endpoint forwards to these control planes'
fi
systemctl daemon-reload
hint "Is port $ENDPOINT_PORT taken? ss -ltnp; systemctl status $UNIT"
run systemctl enable --quiet "$UNIT"
# A reload keeps the connections that there are.
if ((unit_changed == 0)) && systemctl is-active --quiet "$UNIT"; then
  run systemctl reload "$UNIT"
else
  run systemctl restart "$UNIT"
fi
for ((tries = 0; tries < 50; tries++)); do
  if listens; then
    changes_taken "$UNIT"
    exit 0
  fi
  sleep 0.1
done
journalctl --no-pager -n 10 -u "$UNIT" 2>/dev/null || true
fail StepFailed "nothing listens on 127.0.0.1:$ENDPOINT_PORT"
