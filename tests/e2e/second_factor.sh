#!/usr/bin/env bash
# A second factor as an independent authenticator sees it: the picture read by a real QR reader, the codes made by pyotp.
. "$(dirname "$0")/story.sh"

url=http://127.0.0.1:$(free_port)
start_server "$url" --dev --data-dir "$work/data" --listen "${url#http://}"
python3 "$e2e/second_factor.py" "$url"
stop_server
