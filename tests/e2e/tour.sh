#!/usr/bin/env bash
# The tour of the README: every command of it as it stands, and every step of it in Chromium. TOUR_SHOTS keeps the pictures.
. "$(dirname "$0")/story.sh"

# Where Latchkey and Caddy keep what they make.
export XDG_DATA_HOME=$work/share XDG_CONFIG_HOME=$work/config
cd "$root"
awk '/^## / {inside = /^## A tour/} inside' README.md |
    awk '/^```sh$/ {n++; inside = 1; next} /^```$/ {inside = 0} inside {print > "'"$work"'/command." n}'
commands=$(find "$work" -name 'command.*' | wc -l)
[ "$commands" -eq 5 ] || fail "the tour has $commands commands, and this story knows what to do with 5"

# The first two run until they are told to end. The first may have to be built; nothing else does.
cargo build --locked --release --quiet
bash -c "exec $(cat "$work/command.1")" </dev/null >"$work/server.log" 2>&1 &
server_pid=$!
bash -c "exec $(cat "$work/command.2")" </dev/null >"$work/caddy.log" 2>&1 &
peers+=($!)
for _ in $(seq 150); do
    kill -0 "$server_pid" "${peers[0]}" 2>/dev/null || { tail -n 5 "$work/caddy.log" >&2; fail 'it ended at the start'; }
    if curl --silent --fail --insecure --output /dev/null https://auth.home.localhost:8443/health/ready; then break; fi
    sleep 0.1
done
say 'Latchkey and Caddy are there'

shots=${TOUR_SHOTS:-$work/shots}
mkdir -p "$shots"
node "$e2e/tour.mjs" "$shots" || fail 'the tour in the browser'
for picture in login application refused account; do
    [ -s "$shots/$picture.png" ] || fail "no picture of $picture"
    [ -s "$root/assets/tour/$picture.png" ] || fail "the README has no picture of $picture"
    grep -q "(assets/tour/$picture.png)" README.md || fail "the README does not show $picture"
done

bash "$work/command.3" >"$work/rule"
grep -q 'permission:users:read' "$work/rule" || fail "the rule: $(cat "$work/rule")"
say 'check-access names the rule'
. "$work/command.4" >"$work/why"
grep -q 'users:read is needed' "$work/why" || fail "why: $(cat "$work/why")"
say 'explain tells why it was refused'
# The token of the fourth is in this shell.
. "$work/command.5" >"$work/audit"
grep -q 'login.succeeded' "$work/audit" || fail "the console: $(cat "$work/audit")"
say 'the console shows the login'
kill -TERM "${peers[0]}"
stop_server
