#!/usr/bin/env bash
# Webhooks at a receiver that verifies them with the library of the specification: away, slow, failing, back again, gone.
. "$(dirname "$0")/story.sh"

port=$(free_port) receiver=$(free_port) other=$(free_port)
url=http://127.0.0.1:$port
secret=whsec_$(openssl rand -base64 32) old=whsec_$(openssl rand -base64 32)
cat >"$work/auth.toml" <<EOF
public_url = "$url"

[webhooks]
timeout = "1s"
max_attempts = 3

[[webhook]]
name = "siem"
url = "http://127.0.0.1:$receiver/hook?token=in-the-url"
secret = "$secret"
old_secret = "$old"
events = ["login.*", "session.*"]
allow_private = true

[[webhook]]
name = "other"
url = "http://127.0.0.1:$other/"
secret = "$old"
allow_private = true
EOF

serve() { start_server "$url" --dev --data-dir "$work/data" --config "$work/auth.toml" --listen "${url#http://}"; }
tell() { python3 "$e2e/webhooks.py" "$1" "$url" "$receiver" "$other" "$secret" "$old"; }

serve
tell before
kill -KILL "$server_pid"
wait "$server_pid" 2>/dev/null || true
say 'killed while events wait'
serve
tell after
if grep -q in-the-url "$work/server.log"; then fail 'the log names the URL'; fi
stop_server
