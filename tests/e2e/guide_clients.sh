#!/usr/bin/env bash
# The client code printed in the governance guide works unchanged, given only a base address.
. "$(dirname "$0")/story.sh"

find_guide governance
url=http://127.0.0.1:$(free_port)

class() { python3 "$e2e/guide_code.py" "$guide" "$1" "$2" "$url/api/v1"; }
class python AuthClient >"$work/auth_client.py"
class javascript AuthClient >"$work/auth_client.js"
class javascript APIClient >"$work/api_client.js"

start_server "$url" --dev --data-dir "$work/data" --listen "${url#http://}"
python3 "$e2e/guide_client.py" "$url" "$work/auth_client.py"
node "$e2e/guide_client.mjs" "$url" "$work/auth_client.js" "$work/api_client.js"
stop_server
