#!/usr/bin/env bash
# The published package cirtusai-sdk, unpatched, through the whole story of its guide over TLS, below the mount and at the
# root of a listener; and every call that the guide's own code makes.
. "$(dirname "$0")/story.sh"

find_guide cirtusai
mounted=127.0.0.1:$(free_port)
rooted=127.0.0.1:$(free_port)
cat >"$work/sdk.toml" <<END
public_url = "https://$mounted"
[[listen]]
addr = "$mounted"
[[listen]]
addr = "$rooted"
root = "cirtusai"
END
start_server "https://$mounted" --dev --tls --config "$work/sdk.toml" --data-dir "$work/data"

export PYTHONDONTWRITEBYTECODE=1
# How the package's two HTTP libraries are told of the server's own certificate.
export REQUESTS_CA_BUNDLE=$work/data/tls/cert.pem SSL_CERT_FILE=$work/data/tls/cert.pem
python3 "$e2e/cirtusai_sdk.py" "https://$mounted" "https://$mounted/cirtusai" mounted
python3 "$e2e/cirtusai_sdk.py" "https://$mounted" "https://$rooted" rooted
python3 "$e2e/cirtusai_guide.py" "https://$mounted" "$guide"
stop_server
