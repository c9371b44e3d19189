#!/usr/bin/env bash
# The client code printed in the trading guide works unchanged over TLS, given only a base address, and the profile answers as
# the guide's own classes do.
. "$(dirname "$0")/story.sh"

find_guide trading
whole=127.0.0.1:$(free_port)
rooted=127.0.0.1:$(free_port)
cat >"$work/trading.toml" <<END
public_url = "https://$whole"
[[listen]]
addr = "$whole"
[[listen]]
addr = "$rooted"
root = "trading"
END

JWT_SECRET_KEY=$(openssl rand -hex 32)
export JWT_SECRET_KEY
start_server "https://$whole" --dev --tls --config "$work/trading.toml" --data-dir "$work/data"
export REQUESTS_CA_BUNDLE=$work/data/tls/cert.pem
python3 "$e2e/trading_clients.py" "https://$rooted" "https://$whole" "$guide" "$JWT_SECRET_KEY"
stop_server
