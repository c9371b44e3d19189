#!/usr/bin/env bash
# A person with a browser without script cares for their account with pages alone: registration, login with a second
# factor, a lost password, sessions, API keys. Every page is looked at by axe, in light and dark, on a phone and enlarged.
. "$(dirname "$0")/story.sh"

shots=${STORY_SHOTS:-$work/shots}
mkdir -p "$shots"
cat >"$work/auth.toml" <<EOF
[pages]
name = "Example Inc."
accent = "#3355cc"

[[identity_provider]]
name = "work"
title = "Work"
issuer = "http://127.0.0.1:1"
client_id = "latchkey"
EOF

url=http://127.0.0.1:$(free_port)
start_server "$url" --dev --data-dir "$work/dev" --config "$work/auth.toml" --listen "${url#http://}"
(cd "$e2e" && timeout 240 node pages.mjs "$shots" "$url")
stop_server
