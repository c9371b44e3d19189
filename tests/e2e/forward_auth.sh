#!/usr/bin/env bash
# The example configurations of nginx and Caddy, run as they stand but for addresses and certificates: an application behind
# each, under one host name and this server under another. Traefik is not there: what it would ask is asked by curl.
. "$(dirname "$0")/story.sh"

shots=${STORY_SHOTS:-$work/shots}
mkdir -p "$shots"
app=$(free_port)
python3 "$e2e/echo.py" "$app" &
peers+=($!)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=example.com \
    -addext subjectAltName=DNS:auth.example.com,DNS:app.example.com -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
export CURL_CA_BUNDLE=$work/cert.pem

umask 077
echo 'correct horse battery staple' >"$work/password"
for name in root:super_admin ada:developer eve:developer; do
    "$binary" user create --data-dir "$work/data" --email "${name%%:*}@example.com" --role "${name#*:}" \
        --name "${name%%:*} lovelace" --password-file "$work/password" >"$work/create.log" 2>&1 ||
        { cat "$work/create.log" >&2; fail 'user create'; }
done

# What an example stands on, with this story's addresses.
adapt() {
    sed -e "s|127\.0\.0\.1:8080|127.0.0.1:$own|; s|127\.0\.0\.1:3000|127.0.0.1:$app|" \
        -e "s|10\.0\.0\.3:8080|127.0.0.1:$own|; s|10\.0\.0\.2\>|127.0.0.1|" \
        -e "s|/etc/ssl/example.com.pem|$work/cert.pem|; s|/etc/ssl/example.com.key|$work/key.pem|" "$@"
}

# The auth.toml in the example's comment, with more rules before its one.
configure() {
    awk '!/^#/ {exit} sub(/^#   /, "")' "$1" | adapt -e "s|https://auth.example.com|https://auth.example.com:$front|" |
        awk '/^\[\[forward_auth.rule\]\]/ && !done {
            print "[[forward_auth.rule]]\nhost = \"app.example.com\"\npath = \"/public\"\nneed = \"public\""
            print "[[forward_auth.rule]]\nhost = \"open.example.com\"\nneed = \"public\""
            print "[[forward_auth.rule]]\nhost = \"app.example.com\"\npath = \"/admin\"\nneed = \"permission:users:read\""
            done = 1
        } {print}' >"$work/auth.toml"
}

front_nginx() {
    adapt -e "s|listen 443 ssl;|listen 127.0.0.1:$front ssl;|; s|^http {|http { access_log off;|" \
        "$root/assets/examples/nginx.conf" >"$work/nginx.conf"
    nginx -p "$work" -e "$work/front.log" -c "$work/nginx.conf" \
        -g "daemon off; master_process off; pid $work/nginx.pid;" &
}

front_caddy() {
    {
        printf '{\nadmin off\nauto_https disable_redirects\ndefault_bind 127.0.0.1\nstorage file_system %s\n}\n' "$work/caddy"
        adapt -E -e "s|^(.*\.example\.com) \{|https://\1:$front {\ntls $work/cert.pem $work/key.pem|" "$root/assets/examples/Caddyfile"
    } >"$work/Caddyfile"
    XDG_CONFIG_HOME=$work caddy run --config "$work/Caddyfile" --adapter caddyfile >"$work/front.log" 2>&1 &
}

# get PATH ARG..: asks the application, as whoever the jar knows; the body is in $work/body, the head in $work/head.
get() {
    local path=$1
    shift
    curl --silent --path-as-is --resolve "*:$front:127.0.0.1" --output "$work/body" --dump-header "$work/head" \
        --write-out '%{http_code}' "$@" "https://app.example.com:$front$path"
}
auth() {
    local path=$1
    shift
    curl --silent --resolve "*:$front:127.0.0.1" --output "$work/body" --write-out '%{http_code}' "$@" \
        "https://auth.example.com:$front$path"
}
# What reached the application under a name, every occurrence.
reached() { jq -r --arg name "$1" '[.headers[] | select(.[0] == $name) | .[1]] | join("|")' "$work/body"; }
location() { awk 'tolower($1) == "location:" {print $2}' "$work/head" | tr -d '\r'; }
page=(--header 'Accept: text/html')

log_in() {
    rm -f "$work/jar"
    expect "$1 logs in" 200 "$(auth /api/v1/auth/session --cookie-jar "$work/jar" \
        --json "{\"email\":\"$1@example.com\",\"password\":\"correct horse battery staple\"}")"
}

behind() {
    say "--- behind $1"
    own=$(free_port)
    front=$(free_port)
    configure "$2"
    start_server "http://127.0.0.1:$own" --config "$work/auth.toml" --data-dir "$work/data"
    "front_$1"
    proxy=$!
    peers+=("$proxy")
    for _ in $(seq 100); do
        if auth /health/live >/dev/null; then break; fi
        kill -0 "$proxy" 2>/dev/null || { cat "$work/front.log" >&2; fail "$1 ended"; }
        sleep 0.1
    done

    expect 'a stranger with a browser' 302 "$(get '/x?y=1' "${page[@]}")"
    expect 'goes to' "https://auth.example.com:$front/login?return_to=https%3A%2F%2Fapp.example.com%3A$front%2Fx%3Fy%3D1" "$(location)"
    expect 'a stranger with a program' 401 "$(get /x)"
    expect 'and nowhere' '' "$(location)"
    expect 'a stranger who posts a form' 401 "$(get /x "${page[@]}" --data a=b)"
    forged=(--header 'Remote-User: root' --header 'Remote_User: root' --header 'remote-groups: super_admin' --header 'Remote-Identity: x')
    expect 'what is public' 200 "$(get /public "${forged[@]}")"
    for name in remote-user remote_user remote-name remote-email remote-groups remote-identity; do
        expect "$name there" '' "$(reached "$name")"
    done
    expect 'what is public, walked out of' 403 "$(get /public/../admin "${page[@]}")"
    expect 'the same encoded' 403 "$(get /public/%2e%2e/admin)"
    expect 'a permission, to a stranger' 401 "$(get /admin)"
    for lie in 'X-Original-URL: https://app.example.com/public' 'X-Original-Method: OPTIONS' 'X-Forwarded-Uri: /public' \
        'X-Forwarded-Method: OPTIONS' 'X-Forwarded-Host: open.example.com'; do
        answer=$(get /admin --header "$lie")
        case $answer in
            400 | 401 | 403) say "$lie lets nobody in: $answer" ;;
            *) fail "$lie: $answer" ;;
        esac
    done
    expect 'the question itself, from outside' 404 "$(auth /forward-auth --header 'X-Forwarded-For: 192.0.2.1')"

    log_in ada
    jar=(--cookie "$work/jar")
    ours=$(awk '$6 == "__Secure-latchkey-proxy" {print $6 "=" $7}' "$work/jar")
    expect 'ada' 200 "$(get '/x?y=1' "${forged[@]}" --cookie "theme=dark; $ours; a=b")"
    expect 'her name' ada "$(reached remote-user)"
    expect 'her other name' 'ada lovelace' "$(reached remote-name)"
    expect 'her address' ada@example.com "$(reached remote-email)"
    expect 'her roles' developer "$(reached remote-groups)"
    expect 'signed' 3 "$(reached remote-identity | tr . '\n' | wc -l)"
    expect 'a name in disguise' '' "$(reached remote_user)"
    expect 'the cookies that reach the application' 'theme=dark; a=b' "$(reached cookie)"
    expect 'a form of hers' 200 "$(get /form "${jar[@]}" --data a=b)"
    expect 'whole' 'POST /form a=b' "$(jq -r '"\(.method) \(.path) \(.body)"' "$work/body")"
    expect 'what she may not' 403 "$(get /admin "${jar[@]}" "${page[@]}")"
    grep -q '<h1>You may not open this</h1>' "$work/body" || fail 'no page says so'
    number=$(grep -o '<code>[^<]*' "$work/body" | cut -c7-)
    say "a page says so, with the number $number"
    expect 'a form that she may not send' 403 "$(get /admin "${jar[@]}" --data a=b)"
    expect 'in another spelling' 403 "$(get /%61dmin "${jar[@]}")"
    log_in root
    expect 'who may' 200 "$(get /admin "${jar[@]}")"
    expect 'reached by' root "$(reached remote-user)"
    auth /api/v1/auth/login --json '{"email":"root@example.com","password":"correct horse battery staple"}' >/dev/null
    token=$(jq -r .data.access_token "$work/body")
    expect 'a token' 200 "$(get /admin --oauth2-bearer "$token")"
    expect 'the number on the page, explained' 200 "$(auth "/api/v1/explain/$number" --oauth2-bearer "$token")"
    expect 'as it was' users:read "$(grep -om1 users:read "$work/body" | head -n 1)"
    auth /api/v1/users/me/api-keys --oauth2-bearer "$token" --json '{"name":"reader","scopes":["users:read"]}' >/dev/null
    key=$(jq -r .data.api_key "$work/body")
    expect 'a key' 200 "$(get /admin --header "X-API-Key: $key")"
    expect 'whose owner has these roles for it' '' "$(reached remote-groups)"
    expect 'a key for a login' 403 "$(get /x --header "X-API-Key: $key")"
    csrf=$(auth /api/v1/auth/session "${jar[@]}" >/dev/null; jq -r .data.csrf_token "$work/body")
    expect 'logout' 200 "$(auth /api/v1/auth/logout -X POST "${jar[@]}" --header "X-CSRF-Token: $csrf")"
    expect 'after it' 302 "$(get /x "${jar[@]}" "${page[@]}")"

    (cd "$e2e" && timeout 60 node forward_auth.mjs "$shots" "$1" "$front" "http://127.0.0.1:$own" "$work/codes")

    kill -TERM "$proxy"
    wait "$proxy" || true
    stop_server
}

behind nginx "$root/assets/examples/nginx.conf"
behind caddy "$root/assets/examples/Caddyfile"

say '--- as Traefik asks'
own=$(free_port)
front=443
example=$root/assets/examples/traefik.yml
configure "$example"
start_server "http://127.0.0.1:$own" --config "$work/auth.toml" --data-dir "$work/data"
adapt "$example" | python3 -c '
import json, sys, yaml
http = yaml.safe_load(sys.stdin)["http"]
for name, router in http["routers"].items():
    assert router["service"] in http["services"], name
    assert all(one in http["middlewares"] for one in router.get("middlewares", [])), name
assert http["routers"]["app"]["middlewares"] == ["latchkey"]
json.dump(http["middlewares"]["latchkey"]["forwardAuth"], sys.stdout)
' >"$work/traefik.json"
# traefik ARG..: the answer to its question about GET https://app.example.com/x.
traefik() {
    curl --silent --output /dev/null --dump-header "$work/head" --write-out '%{http_code}' "$(jq -r .address "$work/traefik.json")" \
        --header 'X-Forwarded-Method: GET' --header 'X-Forwarded-Proto: https' --header 'X-Forwarded-Host: app.example.com' \
        --header 'X-Forwarded-Uri: /x' --header 'X-Forwarded-For: 192.0.2.7' "$@"
}
expect 'a stranger with a browser' 302 "$(traefik "${page[@]}")"
expect 'goes to' "https://auth.example.com:443/login?return_to=https%3A%2F%2Fapp.example.com%2Fx" "$(location)"
curl --silent --output /dev/null --dump-header "$work/head" "http://127.0.0.1:$own/api/v1/auth/session" \
    --json '{"email":"ada@example.com","password":"correct horse battery staple"}'
expect 'ada' 200 "$(traefik --header "Cookie: $(grep -o '__Secure-latchkey-proxy=[^;]*' "$work/head")")"
for name in $(jq -r '.authResponseHeaders[]' "$work/traefik.json"); do
    grep -qi "^$name: ." "$work/head" || fail "no $name"
done
say 'has every header that Traefik copies'
stop_server
