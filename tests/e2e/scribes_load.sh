#!/usr/bin/env bash
# S33: the load test of the scribes guide as printed, over TLS. Its failures have a bar here; times are stated, for they depend on
# the machine: `cargo bench --bench http_load -- --only targets` holds them against theirs.
. "$(dirname "$0")/story.sh"

find_guide scribes
port=$(free_port)
url=https://127.0.0.1:$port

export LATCHKEY_ROOT_PROFILE=scribes
start_server "$url" --dev --tls --data-dir "$work/data" --listen "127.0.0.1:$port"
echo '{"email":"user@example.com","password":"latchkey-dev-password"}' >login.json
printed=$(sed -n '/^ab -n/p' "$guide")
[ -n "$printed" ] || fail 'the guide has no load test'
eval "${printed//http:\/\/localhost:8000/$url}" >ab.log 2>&1 || { cat ab.log >&2; fail "$printed"; }
# Alone, a login is one hash and little more.
ab -n 20 -c 1 -T application/json -p login.json "$url/auth/login" >alone.log 2>&1

figure() { awk -F: -v name="$1" 'index($0, name) == 1 {print $2 + 0}' "$2"; }
complete=$(figure 'Complete requests' ab.log)
failed=$(figure 'Failed requests' ab.log)
refused=$(figure 'Non-2xx responses' ab.log)
percentile() { awk -v part="$1%" '$1 == part {print $2}' "$2"; }
expect 'complete requests' "$(sed -n 's/^ab -n \([0-9]*\) .*/\1/p' <<<"$printed")" "$complete"
bad=$((failed + ${refused:-0}))
[ $((bad * 100)) -lt "$complete" ] || { cat ab.log >&2; fail "$bad of $complete logins failed"; }
say "$printed: $bad of $complete failed; p95 $(percentile 95 ab.log) ms, bar 300; one login alone $(percentile 50 alone.log) ms"
stop_server
