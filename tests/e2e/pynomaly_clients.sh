#!/usr/bin/env bash
# The client code printed in the pynomaly guide works unchanged over TLS, given only a base address.
. "$(dirname "$0")/story.sh"

find_guide pynomaly
port=$(free_port)
url=https://127.0.0.1:$port

# The guide's curl has no path before /api/v1, so the profile is at the root.
export LATCHKEY_ROOT_PROFILE=pynomaly LATCHKEY_DEBUG_HEADERS=true
start_server "$url" --dev --tls --data-dir "$work/data" --listen "127.0.0.1:$port"
export CURL_CA_BUNDLE=$work/data/tls/cert.pem REQUESTS_CA_BUNDLE=$work/data/tls/cert.pem
python3 "$e2e/pynomaly_clients.py" "$url" "$guide"
stop_server
