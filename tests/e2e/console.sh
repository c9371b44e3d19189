#!/usr/bin/env bash
# The console as an operator uses it: the real binary in a real terminal (tmux), against a real server.
. "$(dirname "$0")/story.sh"

port=$(free_port)
url=http://127.0.0.1:$port
# Who is exempt is never locked out: somebody else guesses, from 127.0.0.2.
export LATCHKEY_LIMITS__EXEMPT=127.0.0.1 LATCHKEY_LIMITS__LOGIN=100/1m
# So that a silence is noticed soon.
export LATCHKEY_EVENTS__HEARTBEAT=5s
export LATCHKEY_DATA_DIR=$work/data
export XDG_CONFIG_HOME=$work/config XDG_DATA_HOME=$work/home
tmux=(tmux -L "story-$$" -f /dev/null)

# What is on the screen; whether the terminal is the console's (1) or the shell's (0).
cap() { "${tmux[@]}" capture-pane -p; }
alternate() { "${tmux[@]}" display -p '#{alternate_on}'; }
key() { "${tmux[@]}" send-keys "$@"; }
types() { "${tmux[@]}" send-keys -l "$1"; }

# until_ok COMMAND: waits for it, 15 s at most; then shows the screen and fails.
until_ok() {
    for _ in $(seq 300); do
        if eval "$1" >/dev/null 2>&1; then return; fi
        sleep 0.05
    done
    cap >&2 || true
    fail "$1"
}
see() { until_ok "cap | grep -qF -- '$1'"; }
gone() { until_ok "! cap | grep -qF -- '$1'"; }
lines() { wc -l <"$work/settled"; }

# press KEY..: presses keys, and waits until what they lead to is drawn and nothing is under way.
press() {
    local before
    before=$(lines)
    key "$@"
    until_ok "[ \"\$(lines)\" -gt $before ]"
}

end_terminal() { "${tmux[@]}" kill-server 2>/dev/null || true; leave; }
trap end_terminal EXIT

log_in() { curl -fsS "$url/api/v1/auth/login" -A "$2" --json "{\"email\": \"$1\", \"password\": \"latchkey-dev-password\"}"; }

start() { start_server "$url" --dev --listen "127.0.0.1:$port"; }
start
admin=$(log_in admin@example.com story | jq -r .data.access_token)
printf '%s' "$admin" >"$work/token"
for n in 1 2 3; do log_in user@example.com "Firefox/$n" >/dev/null; done

# Without a terminal it says what to use instead, and writes no escape.
code=0
"$binary" console --server "$url" >"$work/out" 2>"$work/err" </dev/null || code=$?
expect 'no terminal' 2 "$code"
[ ! -s "$work/out" ] || fail 'something was written to a pipe'
grep -q -- --plain "$work/err" || fail 'nothing is said of --plain'

: >"$work/settled"
# On the host nothing has to be said: the socket in the data folder, and the user of the host.
console="$binary console --settle $work/settled"
"${tmux[@]}" new-session -d -x 80 -y 24 'env -u NO_COLOR bash --norc -i'
types "$console" && key Enter
see LIVE
see 'Needs attention'
see '4 live sessions'
press 2
see 'rows 1-4 of 4 loaded'
see 'user@example.com'
"${tmux[@]}" resize-window -x 120 -y 24
see "uid:$(id -u)"
see "unix:$work/data/admin.sock"
"${tmux[@]}" resize-window -x 80 -y 24
say 'it finds the admin socket, and shows who asks and who is logged in'

press j
press d
see 'read-only: A arms'
press A
see ARMED
press d
see 'END 1 session of 1 user'
press Enter
press d
see 'END 1 session of 1 user'
press Escape
see 'not done'
press d
press Tab
types 'SEC-118: laptop stolen'
see 'SEC-118'
press Enter
see 'END 1 session of 1 user'
press y
see 'ended 1 session'
see 'rows 1-3 of 3 loaded'
say 'a write is armed, asked, and final with its record'

press e
see 'wrote latchkey-sessions-'
head -n 1 latchkey-sessions-*.csv | grep -q USER || fail 'no CSV'
press J
see 'wrote latchkey-sessions-'
jq -se 'length == 3 and all(.id and .user)' latchkey-sessions-*.jsonl >/dev/null || fail 'no JSON lines'
say 'rows are exported'

# All of somebody: a look, then the name, then one request.
log_in user@example.com Firefox/9 >/dev/null
see 'rows 1-4 of 4 loaded'
press g
press D
see 'type user@example.com and enter'
press y
press Enter
see 'type user@example.com and enter'
press C-u
types 'user@example.com'
press Enter
see 'ended 3 sessions'
see 'rows 1-1 of 1 loaded'
for n in 5 6; do log_in user@example.com "Firefox/$n" >/dev/null; done
see 'rows 1-3 of 3 loaded'
say 'all sessions of a user end after a look and a typed name'

press 4
see 'session.ended'
see 'v follows from the one before'
until_ok 'cap | grep -qE "^│ +v [0-9:.]+ ok"'
press /
types 'act:session.ended'
press Enter
see 'act:session.ended'
press G
press Enter
press Tab
see 'MOVING HERE'
press Tab
press Escape
press Escape
see 'login.succeeded'
say 'the chain of what is seen is proved'
curl -sS -o /dev/null "$url/api/v1/auth/login" -A $'evil\xe2\x80\xaeagent' --json '{"email": "user@example.com", "password": "wrong"}'
see 'login.failed'
press /
types 'res:deny'
press Enter
see 'rows 1-1 of 1 loaded'
press Enter
see 'evil<202E>agent'
press Escape
press Escape
see 'session.ended'
say 'the audit log is live, filtered by the server, and hostile text is seen'

# From either end, and from a record of a denial to why it was denied.
press s
see 'OLDEST FIRST'
see 'key.rotated'
press s
gone 'OLDEST FIRST'
press /
types 'res:deny'
press Enter
see 'rows 1-1 of 1 loaded'
press W
see '[N Denials]'
see 'wrong_password'
press Enter
see 'cause'
see 'mend'
press Escape
press '['
press Escape
see 'session.ended'
press N
see 'that is all'
see 'POST /api/v1/auth/..'
press 4
see 'session.ended'
say 'a list is read from either end, and a denial is explained'

press '?'
see 'Help: type to search'
types 'mask'
see 'Hide names and addresses'
press Escape
press :
types 's user:user@example.com'
press Enter
see 'rows 1-2 of 2 loaded'
press '['
see '[4 Audit]'
say 'help, palette and the way back'

# Somebody is locked out; the operator sees why, and lets them in again after typing the name and the reason.
for _ in 1 2 3 4 5; do
    curl -sS -o /dev/null --interface 127.0.0.2 "$url/api/v1/auth/login" -A guesser --json '{"email": "user@example.com", "password": "wrong"}'
done
see '3 Locko !1'
press 3
see 'user@example.com'
press Enter
see '5/5'
press w
see 'locked'
press U
see 'UNLOCK 1 lock'
press y
press Enter
see 'that is not what has to be typed'
press C-u
types 'user@example.com'
press Enter
see 'UNLOCK 1 lock'
types 'phoned, called back'
press Enter
see 'lifted 1 lock'
see 'Nobody is locked'
press 4
press /
types 'act:lockout.*'
press Enter
press Enter
see 'phoned, called back'
press Escape
press Escape
say 'a lock is explained, and lifted with a reason that the record keeps'

press 1
see 'Needs attention'
press 5
see 'admin@example.com'
press Enter
see 'factors'
press Escape
press 6
see 'There are no API keys'
press 7
see 'memory'
press I
see 'NETWORK'
say 'every view opens'

stop_server
see STALE
press 2
press A
press A
press d
see 'not while'
start
log_in user@example.com Chromium >/dev/null
see LIVE
gone STALE
see Chromium
press 4
see 'login.succeeded'
if cap | grep -q 'gap:'; then fail 'the stream was not resumed'; fi
say 'a server that goes and comes is told, and what happened meanwhile is there'

# A server that is there and does not answer.
kill -STOP "$server_pid"
see LAGGING
press A
press 2
press d
see 'not while'
kill -CONT "$server_pid"
see '● LIVE'
say 'a server that is slow is told, and nothing is written to it'

"${tmux[@]}" resize-window -x 40 -y 12
see 'Sessions  rows'
"${tmux[@]}" resize-window -x 18 -y 4
see 'Sessions'
"${tmux[@]}" resize-window -x 120 -y 40
see 'Detail'
"${tmux[@]}" resize-window -x 80 -y 24
see '[2 Sessions]'
say 'every size shows something'

key C-z
until_ok '[ "$(alternate)" = 0 ]'
key fg Enter
until_ok '[ "$(alternate)" = 1 ]'
see LIVE
key q
until_ok '[ "$(alternate)" = 0 ]'
say 'suspended, continued, left'

# A token that is no longer good, and one that is, in the same file.
printf 'a.b.c' >"$work/key"
types "$binary console --server $url --key-file $work/key --settle $work/settled" && key Enter
see EXPIRED
see 'into the key file, then r'
printf '%s' "$admin" >"$work/key"
press r
see LIVE
gone EXPIRED
press 2
see 'rows 1-'
press c
types CLIENT
press Enter
see '[ ]'
press Escape
gone ' CLIENT '
grep -q '^sessions = \["USER"' "$XDG_CONFIG_HOME/latchkey/console.toml" || fail 'the columns are not kept'
say 'a key file is read again; columns are kept'

# The token ends while the console runs: it says so, and goes on with the next one.
curl -fsS -X POST -o /dev/null "$url/api/v1/auth/logout" --oauth2-bearer "$admin"
see EXPIRED
press A
press d
see 'not while'
admin=$(log_in admin@example.com story | jq -r .data.access_token)
printf '%s' "$admin" | tee "$work/token" >"$work/key"
press r
see LIVE
gone EXPIRED
key q
until_ok '[ "$(alternate)" = 0 ]'
say 'a token that ends while the console runs is told, and the next one is taken up'

# Every way out gives the terminal back.
for signal in TERM HUP; do
    types "$console" && key Enter
    see LIVE
    pid=$(pgrep -f -n "console --settle $work")
    kill -"$signal" "$pid"
    until_ok '[ "$(alternate)" = 0 ]'
    types 'stty -a | tr ";" "\n" | grep -o -- " icanon\| echo " | tr -d "\n"; echo " after '$signal'"' && key Enter
    see "icanon echo  after $signal"
done
say 'SIGTERM and SIGHUP give the terminal back'

# What fails on purpose is in builds for tests alone.
debug=${STORY_DEBUG_BINARY:-${CARGO_TARGET_DIR:-$root/target}/debug/latchkey}
[ -x "$debug" ] || fail 'cargo build makes the program that can fail on purpose'
types "$debug console --settle $work/settled --fail task" && key Enter
see LIVE
press C-l
see 'the console failed: internal fault at'
expect 'the screen after a fault in the background' 1 "$(alternate)"
press 4
see 'login.succeeded'
key q
until_ok '[ "$(alternate)" = 0 ]'
types "$debug console --settle $work/settled --fail screen" && key Enter
see LIVE
key C-l
until_ok '[ "$(alternate)" = 0 ]'
types 'stty -a | tr ";" "\n" | grep -o -- " icanon\| echo " | tr -d "\n"; echo " after a panic"' && key Enter
see 'icanon echo  after a panic'
say 'a panic in the background is told; one of the screen gives the terminal back'

# Without colour the row under the cursor is still reversed.
types "NO_COLOR=1 $console" && key Enter
see LIVE
press 2
see 'rows 1-'
# tmux writes "the usual colour" between; that is none.
coloured() { "${tmux[@]}" capture-pane -p -e | sed 's/\x1b\[[34]9m//g'; }
until_ok "coloured | grep -q $'\e\\[[0-9;]*7m>'"
if coloured | grep -q $'\e\\[[0-9;]*3[0-7]m'; then fail 'NO_COLOR shows colour'; fi
say 'NO_COLOR keeps the cursor'

# Looked at, it ticks once a second; when the terminal says that nobody looks, only the stream's heartbeats come.
pid=$(pgrep -f -n "console --settle $work")
switches() { awk '/^voluntary_ctxt_switches/ {sum += $2} END {print sum}' "/proc/$pid/task/"*/status; }
before=$(switches)
sleep 5
after=$(switches)
[ $((after - before)) -le 9 ] || fail "idle for 5 s: $((after - before)) wake-ups"
"${tmux[@]}" send-keys -H 1b 5b 4f
sleep 0.3
unseen=$(switches)
sleep 5
unseen=$(($(switches) - unseen))
[ "$unseen" -le 4 ] || fail "idle and unfocused for 5 s: $unseen wake-ups"
say "idle for 5 s: $((after - before)) wake-ups of all threads, unfocused $unseen, $(awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$pid/status") MB"
key q
until_ok '[ "$(alternate)" = 0 ]'

# The same commands as lines.
printf 'audit res:deny\nquit\n' | "$binary" console --plain --server "$url" --key-file "$work/token" >"$work/plain"
grep -q 'login.failed' "$work/plain" || { cat "$work/plain" >&2; fail '--plain shows no rows'; }
if grep -q $'\e' "$work/plain"; then fail '--plain writes escapes'; fi
say '--plain takes and gives lines'
stop_server

# Over TLS the certificate is held to: another one is not spoken to.
secure=https://127.0.0.1:$port
tls=("--dev" "--tls" "--data-dir" "$work/tls" "--listen" "127.0.0.1:$port")
start_server "$secure" "${tls[@]}"
url=$secure
curl() { command curl --insecure "$@"; }
log_in admin@example.com story | jq -rj .data.access_token >"$work/key"
fingerprint=$(openssl x509 -in "$work/tls/tls/cert.pem" -noout -fingerprint -sha256 | cut -d= -f2)
types "$binary console --server $url --fingerprint $fingerprint --key-file $work/key --settle $work/settled" && key Enter
see LIVE
press 2
see 'rows 1-'
stop_server
see STALE
rm -r "$work/tls/tls"
start_server "$secure" "${tls[@]}"
see 'the certificate is not the expected one'
press A
press d
see 'not while'
key q
until_ok '[ "$(alternate)" = 0 ]'
say 'another certificate is told, and nothing is sent to it'
stop_server
