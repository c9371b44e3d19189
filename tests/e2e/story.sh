# shellcheck shell=bash disable=SC2034
# Sourced by every story: a folder of its own, the real binary in it, and an end by process id.
# A story that leaves early prints what the server logged.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
e2e=$root/tests/e2e
binary=${STORY_BINARY:-${CARGO_TARGET_DIR:-$root/target}/release/latchkey}
launch=("$binary")
work=$(mktemp -d)
server_pid=
peers=() # processes beside the server

say() { printf '  - %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

leave() {
    local code=$?
    for pid in ${server_pid:+"$server_pid"} "${peers[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    if [ "$code" -ne 0 ] && [ -f "$work/server.log" ]; then
        echo '--- the end of the server log' >&2
        tail -n 40 "$work/server.log" >&2
    fi
    cd /
    rm -rf "$work"
}
trap leave EXIT
cd "$work" # where there is no auth.toml

# A story logs in more often than a person. One that is about the first steps takes this back.
export LATCHKEY_LIMITS__EXEMPT=127.0.0.0/8,::1

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_server BASE_URL ARG..: starts `latchkey serve ARG..` and waits, 15 s at most, until it is ready.
# A story may set `launch` to start it another way, as long as the process that starts is the one that stays.
start_server() {
    local url=$1
    shift
    "${launch[@]}" serve "$@" </dev/null >"$work/server.log" 2>&1 &
    server_pid=$!
    for _ in $(seq 150); do
        kill -0 "$server_pid" 2>/dev/null || fail 'the server ended at start'
        if curl --silent --fail --insecure --max-time 2 --output /dev/null "$url/health/ready"; then return; fi
        sleep 0.1
    done
    fail 'the server was not ready within 15 s'
}

# Sends SIGTERM and demands exit code 0 within 15 s.
stop_server() {
    local pid=$server_pid code=0
    kill -TERM "$pid"
    for _ in $(seq 150); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    if kill -0 "$pid" 2>/dev/null; then fail 'still running 15 s after SIGTERM'; fi
    server_pid=
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] || fail "exit code $code after SIGTERM"
    say 'SIGTERM: exit 0'
}

# find_guide NAME: sets `guide` to the file of a guide.
find_guide() {
    guide=${STORY_GUIDES:-$root/../shared/seeds}/$1.md
    [ -r "$guide" ] || fail "the guide is not at $guide; STORY_GUIDES names another folder"
}

# expect WHAT WANTED FOUND
expect() {
    [ "$2" = "$3" ] || fail "$1: wanted $2, found $3"
    say "$1: $3"
}

# readme_tour URL: runs the commands of the README's tour, with its address replaced by URL.
readme_tour() {
    awk '/^## /{tour = ($0 == "## Five minutes with curl")}
         tour && /^```$/{shell = 0} tour && shell{print} tour && /^```sh$/{shell = 1}' "$root/README.md" |
        sed "s|^URL=.*|URL=$1|" >"$work/tour.sh"
    [ -s "$work/tour.sh" ] || fail 'the README has no tour'
    bash -euo pipefail "$work/tour.sh" >"$work/tour.log" 2>&1 || { cat "$work/tour.log" >&2; fail 'the README tour'; }
    say "the README's tour runs as written on ${1%%:*}"
}
