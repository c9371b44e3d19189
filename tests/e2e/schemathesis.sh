#!/usr/bin/env bash
# The served description of every mount, tried by schemathesis with all its checks: no 5xx, no status, type or shape that is
# not described, nothing accepted that is described as wrong, nothing open that is described as closed. R72, R75.
#
# STORY_FULL=1 is the whole bar, an hour or two: 200 examples of each operation as administrator and as nobody, 20 as each
# other caller, 50 of what hashes. Without it each operation gets a few, and all the edges of its description. STORY_MOUNTS
# takes some mounts alone: STORY_MOUNTS='/ /governance'.
. "$(dirname "$0")/story.sh"

unset LATCHKEY_LIMITS__EXEMPT
port=$(free_port)
export STORY_URL=http://127.0.0.1:$port STORY_SOCKET=$work/data/admin.sock
export PYTHONPATH=$e2e${PYTHONPATH:+:$PYTHONPATH} PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=schemathesis_hooks COLUMNS=150

# Nobody is limited, and every limit is in force: answers carry what is left.
{
    echo '[limits]'
    for class in login register password_reset reset_confirm anonymous mfa_debug export authenticated api_key authz_check introspection mail forward_auth; do
        echo "$class = \"1000000/1s\""
    done
    printf '[events]\nheartbeat = "1s"\n'
    # Nobody answers there, so what calls out is tried as it fails.
    nobody=http://127.0.0.1:$(free_port)
    printf '[sms]\nwebhook_url = "%s"\nsecret = "%s"\n' "$nobody/" "$(openssl rand -hex 32)"
    printf '[[webhook]]\nname = "away"\nurl = "%s/"\nsecret = "%s"\nevents = ["login.*"]\nallow_private = true\n' \
        "$nobody" "whsec_$(openssl rand -base64 32)"
    printf '[[identity_provider]]\nname = "away"\nissuer = "%s"\nclient_id = "story"\nallow_private = true\n' "$nobody"
} >auth.toml
start_server "$STORY_URL" --dev --data-dir "$work/data" --listen "127.0.0.1:$port" --log warn

tried=0
broken=() # runs that found something: a long story ends with all of it
# try MOUNT CALLERS EXAMPLES ARG..: one run over one description.
try() {
    local mount=$1 callers=$2 examples=$3 log=$work/run.log
    shift 3
    STORY_WHO=$callers python3 -m schemathesis.cli --config-file "$e2e/schemathesis.toml" run "$STORY_URL$mount/openapi.json" \
        --max-examples "$examples" --no-color --warnings off "$@" >"$log" 2>&1 || { cat "$log" >&2; broken+=("${mount:-/} as $callers"); }
    local cases
    cases=$(awk '$2 == "generated," {print $1}' "$log")
    [ "${cases:-0}" -gt 0 ] || { cat "$log" >&2; fail "${mount:-/} as $callers: nothing was tried"; }
    tried=$((tried + cases))
    say "${mount:-/} as $callers, $examples examples: $cases requests and what follows from them"
}

# What hashes a password or compares one.
hashing='(login|register|session|authenticate|token|password/change|change-password|step-up|password-reset/confirm|reset-password|setup|disable|backup-codes(/regenerate)?|email/change|users|users/me)$'

for mount in ${STORY_MOUNTS:-/pynomaly /cirtusai /trading /scribes / /governance}; do
    mount=${mount%/}
    if [ -n "${STORY_FULL:-}" ]; then
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
# That the provider is away is one, and is meant.
away='cause="the provider gave no connection"'
if grep -E '"?level"?[=:]"?error|panicked| ERROR ' "$work/server.log" | grep -v "$away"; then fail 'the server logged an error'; fi
say "$tried requests in all"
if [ "${#broken[@]}" -ne 0 ]; then fail "$(printf '%s; ' "${broken[@]}")"; fi
stop_server
