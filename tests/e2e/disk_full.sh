#!/usr/bin/env bash
# R94: a real file system that is full, and one that is read-only. It is mounted in a namespace of its own, and gone with it.
if [ -z "${STORY_MOUNTS:-}" ]; then
    if unshare --map-root-user --mount true 2>/dev/null; then
        STORY_MOUNTS=1 exec unshare --map-root-user --mount bash "$0"
    fi
    echo '  - nothing may be mounted here; `cargo test hardship` holds the same with a limit of file sizes'
    exit 0
fi
. "$(dirname "$0")/story.sh"

small=$work/small
mkdir "$small"
mount -t tmpfs -o size=4m,mode=0700 tmpfs "$small"
trap 'code=$?; set +e; umount --lazy "$small"; (exit "$code"); leave' EXIT
data=$small/data
umask 077
echo 'correct horse battery staple' >"$work/password"
"$binary" user create --data-dir "$data" --email root@example.com --role super_admin \
    --password-file "$work/password" >"$work/create.log" 2>&1 || { cat "$work/create.log" >&2; fail 'user create'; }
port=$(free_port)
url=https://127.0.0.1:$port
export CURL_CA_BUNDLE=$data/tls/cert.pem
start_server "$url" --data-dir "$data" --listen "127.0.0.1:$port"

status() { curl --silent --output "$work/body" --write-out '%{http_code}' "$@"; }
login() {
    status "$url/api/v1/auth/login" --json '{"email":"root@example.com","password":"correct horse battery staple"}'
}
expect 'login' 200 "$(login)"
token=$(jq -r .data.access_token "$work/body")
refresh=$(jq -r .data.refresh_token "$work/body")
cat /dev/zero >"$small/filler" 2>/dev/null || true

# The store has some room of its own left; each login takes of it.
found=200
logins=0
while [ "$found" = 200 ] && [ "$logins" -lt 2000 ]; do
    found=$(login)
    logins=$((logins + 1))
done
say "$logins logins until the disk was full"
expect 'login on a full disk' 503 "$found"
expect 'its code' SERVICE_UNAVAILABLE "$(jq -r .error.code "$work/body")"
expect 'a read' 200 "$(status "$url/api/v1/auth/me" --oauth2-bearer "$token")"
expect 'health' 200 "$(status "$url/health")"
expect 'a wrong password' 503 "$(status "$url/api/v1/auth/login" --json '{"email":"root@example.com","password":"not this one"}')"
rm "$small/filler"
expect 'login with room again' 200 "$(login)"
expect 'the refresh token of before' 200 "$(status "$url/api/v1/auth/refresh" --json "{\"refresh_token\":\"$refresh\"}")"
stop_server

mount -o remount,ro "$small"
code=0
"$binary" serve --data-dir "$data" --listen "127.0.0.1:$port" >"$work/refused.out" 2>"$work/refused.err" || code=$?
expect 'exit code on a read-only file system' 1 "$code"
expect 'lines that say why' 1 "$(grep -c '^latchkey: .*Read-only file system' "$work/refused.err")"
expect 'panics' 0 "$(grep -c panicked "$work/refused.err" || true)"
mount -o remount,rw "$small"
start_server "$url" --data-dir "$data" --listen "127.0.0.1:$port"
expect 'login after all' 200 "$(login)"
stop_server
"$binary" check --store --data-dir "$data" >"$work/check.log" 2>&1 || { cat "$work/check.log" >&2; fail 'check --store'; }
say 'the store checks clean'
