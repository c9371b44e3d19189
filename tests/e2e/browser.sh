#!/usr/bin/env bash
# A person with a browser: the API page works on first click, and the link in the mail ends in a verified account.
. "$(dirname "$0")/story.sh"

url=http://127.0.0.1:$(free_port)
shots=${STORY_SHOTS:-$work/shots}
mkdir -p "$shots"
start_server "$url" --dev --data-dir "$work/data" --listen "${url#http://}"
(cd "$e2e" && timeout 120 node browser.mjs "$url" "$shots")
stop_server
