#!/usr/bin/env bash
# The client code printed in the scribes guide works over TLS, given only a base address; its Dart is made call by call.
. "$(dirname "$0")/story.sh"

find_guide scribes
port=$(free_port)
url=https://127.0.0.1:$port

export LATCHKEY_ROOT_PROFILE=scribes
start_server "$url" --dev --tls --data-dir "$work/data" --listen "127.0.0.1:$port"
export CURL_CA_BUNDLE=$work/data/tls/cert.pem REQUESTS_CA_BUNDLE=$work/data/tls/cert.pem
python3 "$e2e/scribes_clients.py" "$url" "$guide" "$work/server.log"
stop_server
