# shellcheck shell=bash
# A small L4 proxy on every machine: the endpoint's name is 127.0.0.1, and only the backends ever change.

UNIT=plinth-api-endpoint.service
CONFIG=/etc/plinth/haproxy.cfg

config() {
  cat <<'TEXT'
# plinth: forwards to the control planes that answer
global
  maxconn 4096
defaults
  mode tcp
  timeout connect 3s
  timeout check 4s
  timeout client 24h
  timeout server 24h
  option tcpka
  retries 2
  option redispatch
frontend api
TEXT
  printf '  bind 127.0.0.1:%s\n  default_backend control-planes\nbackend control-planes\n' "$ENDPOINT_PORT"
  local name address check=
  if [[ $BACKENDS == *$'\n'* ]]; then
    # One that listens and is not ready (starting, without etcd) gets no connections; where anonymous
    # requests are forbidden, 401 is all that can be known. A watch that hangs on a dead control
    # plane starts anew on another one. A single one is no better when it is marked down.
    printf '  option httpchk GET /readyz\n  http-check expect rstatus ^(200|401)$\n'
    printf '  default-server inter 2s fastinter 1s downinter 1s fall 3 rise 1 on-marked-down shutdown-sessions\n'
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
