#!/usr/bin/env bash
# Logging in with accounts elsewhere: a real OpenID Connect provider, and GitHub's shape of OAuth 2.0.
. "$(dirname "$0")/story.sh"

port=$(free_port) openid=$(free_port) github=$(free_port) nobody=$(free_port)
url=http://127.0.0.1:$port
cat >"$work/auth.toml" <<EOF
public_url = "$url"

[[identity_provider]]
name = "work"
title = "Work"
issuer = "http://127.0.0.1:$openid"
client_id = "latchkey"
client_secret = "a secret: of+two/parts"
allow_private = true

[[identity_provider]]
name = "github"
kind = "github"
client_id = "latchkey-gh"
client_secret = "github-secret"
authorization_url = "http://127.0.0.1:$github/login/oauth/authorize"
token_url = "http://127.0.0.1:$github/login/oauth/access_token"
userinfo_url = "http://127.0.0.1:$github/user"
allow_private = true

[[identity_provider]]
name = "away"
issuer = "http://127.0.0.1:$nobody"
client_id = "latchkey"
allow_private = true
EOF

cp "$e2e/providers.mjs" "$work/"
ln -s "$e2e/node_modules" "$work/node_modules"
node "$work/providers.mjs" "$openid" "$github" "$url/api/v1/auth/oauth/work/callback" \
    "$url/api/v1/auth/oauth/github/callback" >"$work/providers.log" 2>&1 &
peers+=($!)
for _ in $(seq 150); do
    if grep -q ready "$work/providers.log"; then break; fi
    kill -0 "${peers[0]}" 2>/dev/null || { cat "$work/providers.log"; fail 'the providers ended at start'; }
    sleep 0.1
done

start_server "$url" --dev --data-dir "$work/data" --config "$work/auth.toml" --listen "${url#http://}"
node "$e2e/federation.mjs" "$url"
stop_server
