#!/usr/bin/env bash
# The served description of every mount, tried by schemathesis with all its checks: no 5xx, no status, type or shape that is
# not described, nothing accepted that is described as wrong, nothing open that is described as closed. R72, R75.
#
# STORY_FULL=1 is the whole bar, an hour or two: 200 examples of each operation as administrator and as nobody, 20 as each
# other caller, 50 of what hashes. Without it each operation gets a few, and all the edges of its description.
. "$(dirname "$0")/story.sh"

unset LATCHKEY_LIMITS__EXEMPT
port=$(free_port)
export STORY_URL=http://127.0.0.1:$port STORY_SOCKET=$work/data/admin.sock
export PYTHONPATH=$e2e${PYTHONPATH:+:$PYTHONPATH} PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=schemathesis_hooks COLUMNS=150

# Nobody is limited, and every limit is in force: answers carry what is left.
{
    echo '[limits]'
    for class in login register password_reset reset_confirm anonymous mfa_debug export authenticated api_key authz_check introspection; do
        echo "$class = \"1000000/1s\""
    done
    printf '[events]\nheartbeat = "1s"\n'
} >auth.toml
start_server "$STORY_URL" --dev --data-dir "$work/data" --listen "127.0.0.1:$port" --log warn

tried=0
# try MOUNT CALLERS EXAMPLES ARG..: one run over one description.
try() {
    local mount=$1 callers=$2 examples=$3 log=$work/run.log
    shift 3
    STORY_WHO=$callers python3 -m schemathesis.cli --config-file "$e2e/schemathesis.toml" run "$STORY_URL$mount/openapi.json" \
        --max-examples "$examples" --no-color --warnings off "$@" >"$log" 2>&1 || { cat "$log" >&2; fail "${mount:-/} as $callers"; }
    local cases
    cases=$(awk '$2 == "generated," {print $1}' "$log")
    [ "${cases:-0}" -gt 0 ] || { cat "$log" >&2; fail "${mount:-/} as $callers: nothing was tried"; }
    tried=$((tried + cases))
    say "${mount:-/} as $callers, $examples examples: $cases requests and what follows from them"
}

# What hashes a password or compares one.
hashing='(login|register|session|authenticate|token|password/change|change-password|step-up|password-reset/confirm|reset-password|setup|disable|backup-codes(/regenerate)?|email/change|users|users/me)$'

for mount in /pynomaly /cirtusai /trading /scribes '' /governance; do
    if [ -n "${STORY_FULL:-}" ] && [ "$mount" = /governance ]; then
        try "$mount" everybody 20
        try "$mount" anonymous 20
    elif [ -n "${STORY_FULL:-}" ]; then
        for callers in super_admin anonymous; do
            try "$mount" "$callers" 200 --exclude-path-regex "$hashing"
            try "$mount" "$callers" 50 --include-path-regex "$hashing"
        done
        # Seven other callers take turns.
        try "$mount" others 140 --exclude-path-regex "$hashing"
        try "$mount" others 50 --include-path-regex "$hashing"
    elif [ "$mount" != /governance ]; then # which has the operations of the root
        try "$mount" everybody 3
        try "$mount" anonymous 2
    fi
done
if grep -E '"?level"?[=:]"?error|panicked| ERROR ' "$work/server.log"; then fail 'the server logged an error'; fi
say "$tried requests in all"
stop_server
