#!/usr/bin/env bash
# A person with a browser: the API page works on first click, the link in the mail ends in a verified account,
# and the printed setup code in a first administrator.
. "$(dirname "$0")/story.sh"

shots=${STORY_SHOTS:-$work/shots}
mkdir -p "$shots"
browse() { (cd "$e2e" && timeout 120 node browser.mjs "$shots" "$@"); }

url=http://127.0.0.1:$(free_port)
start_server "$url" --dev --data-dir "$work/dev" --listen "${url#http://}"
browse "$url"
stop_server

url=https://127.0.0.1:$(free_port)
start_server "$url" --data-dir "$work/data" --listen "${url#https://}"
code=$(grep -oE 'lks_[A-Za-z0-9_-]+' "$work/server.log")
browse "$url" "$code"
stop_server
