#!/usr/bin/env bash
# Over TLS with the certificate the server made for itself: the tour in dev mode, then a server
# without any settings, as an operator starts it.
. "$(dirname "$0")/story.sh"

port=$(free_port)
url=https://127.0.0.1:$port
start_server "$url" --dev --tls --data-dir "$work/dev" --listen "127.0.0.1:$port"
CURL_CA_BUNDLE=$work/dev/tls/cert.pem readme_tour "$url"
stop_server

data=$work/data
export CURL_CA_BUNDLE=$data/tls/cert.pem
umask 077
echo 'correct horse battery staple' >"$work/password"
"$binary" user create --data-dir "$data" \
    --email root@example.com --username root --name 'First Administrator' --role super_admin \
    --password-file "$work/password" >"$work/create.log" 2>&1 || { cat "$work/create.log" >&2; fail 'user create'; }
start_server "$url" --data-dir "$data" --listen "127.0.0.1:$port"

status() { curl --silent --output "$work/body" --write-out '%{http_code}' "$@"; }
expect 'plain HTTP' 403 "$(status "http://127.0.0.1:$port/api/v1/auth/me")"
expect 'its code' HTTPS_REQUIRED "$(jq -r .error.code "$work/body")"
expect 'health over plain HTTP' 200 "$(status "http://127.0.0.1:$port/health/live")"
expect 'dev mailbox without --dev' 404 "$(status "$url/dev/mailbox")"
expect 'TLS 1.1' 000 "$(status --tls-max 1.1 "$url/health/live" || true)"
expect 'login' 200 "$(status "$url/api/v1/auth/login" \
    --json '{"email":"root@example.com","password":"correct horse battery staple"}')"
token=$(jq -r .data.access_token "$work/body")
expect 'audit log' 200 "$(status "$url/api/v1/audit/logs" --oauth2-bearer "$token")"
expect 'logout' 200 "$(status -X POST "$url/api/v1/auth/logout" --oauth2-bearer "$token")"
expect 'the dead token' 401 "$(status "$url/api/v1/auth/me" --oauth2-bearer "$token")"
expect 'files others can read' '' "$(find "$data" -perm /077)"
stop_server

"$binary" audit verify --data-dir "$data" >"$work/verify.log" 2>&1 || { cat "$work/verify.log" >&2; fail 'audit verify'; }
"$binary" check --store --data-dir "$data" >"$work/check.log" 2>&1 || { cat "$work/check.log" >&2; fail 'check --store'; }
say 'the stopped store checks, and its audit chain verifies'
