#!/usr/bin/env bash
# S36: the steps of the container file without a container engine: what it builds, copies, sets and runs is read from the file.
. "$(dirname "$0")/story.sh"

file=$root/assets/container/Dockerfile
find_guide scribes

# instruction NAME: what follows NAME in the last stage, a line for each.
instruction() { awk -v name="$1" '$1 == "FROM" {found = ""} $1 == name {sub(/^[A-Z]+ +/, ""); found = found $0 "\n"} END {printf "%s", found}' "$file"; }
# words JSON: the words of a JSON list.
words() { jq -r '.[]' <<<"$1"; }

user=$(instruction USER)
port=$(instruction EXPOSE)
volume=$(instruction VOLUME)
declare -A set_by_file
for pair in $(instruction ENV); do set_by_file[${pair%%=*}]=${pair#*=}; done
mapfile -t entry < <(words "$(instruction ENTRYPOINT)")
mapfile -t command < <(words "$(instruction CMD)")
mapfile -t health < <(words "$(instruction HEALTHCHECK | sed 's/.* CMD //')")
read -r uid name < <(sed -n 's/^RUN useradd --uid \([0-9]*\) .* \([a-z]*\) && install .*/\1 \2/p' "$file")
expect 'the user is made by the file' "$user" "$name"
expect 'the volume is the data folder' "${set_by_file[LATCHKEY_DATA_DIR]}" "$volume"
expect 'the exposed port is listened on' "0.0.0.0:$port" "${set_by_file[LATCHKEY_LISTEN]}"

# The stage that builds. What it leaves is what the other stage copies.
if [ -z "${STORY_BINARY:-}" ]; then
    (cd "$root" && eval "$(sed -n 's/^RUN \(cargo build .*\)/\1/p' "$file")" 2>"$work/build.log") || { cat "$work/build.log" >&2; fail 'the build'; }
fi
read -r built installed < <(sed -n 's/^COPY --from=build //p' "$file")
expect 'what is copied is what the build leaves' "/build/target/release/$(basename "$binary")" "$built"
chmod 0711 "$work"
image=$work/image
install -D --mode 0755 "$binary" "$image$installed"

# The stage that runs: nothing of this environment, the file's user, and the settings of the file and of the guide.
export PATH=$PATH:/usr/sbin:/sbin
data=$image$volume
install --directory --mode 0700 "$data"
as_user=()
if [ "$(id -u)" -eq 0 ]; then
    chown "$uid:$uid" "$data"
    as_user=("$(command -v setpriv)" --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all --no-new-privs)
else
    uid=$(id -u)
fi
if ! python3 -c "import socket; socket.create_server(('0.0.0.0', $port)).close()" 2>/dev/null; then
    say "port $port is taken here; another one stands for it"
    port=$(free_port)
fi
settings=("PATH=$image$(dirname "$installed")" "LATCHKEY_DATA_DIR=$data" "LATCHKEY_LISTEN=0.0.0.0:$port")
settings+=(LATCHKEY_PROFILES__SCRIBES__ENABLED=true LATCHKEY_ROOT_PROFILE=scribes)
while IFS='=' read -r name value; do
    case $name in
    JWT_SECRET_KEY) value=$(openssl rand -hex 32) ;;
    SMTP_HOST) value=127.0.0.1 ;; # nothing leaves this machine
    esac
    settings+=("$name=$value")
done < <(awk '/^```bash$/ {block = ""; open = 1; next} /^```$/ {if (open && block ~ /JWT_ALGORITHM/) printf "%s", block; open = 0}
              open {sub(/ +#.*/, ""); if ($0 ~ /^[A-Z_]+=/) {gsub(/"/, ""); block = block $0 "\n"}}' "$guide")
in_image() { env -i "${settings[@]}" "${as_user[@]}" "$image$(dirname "$installed")/$1" "${@:2}"; }
expect 'the entry point is what was copied' "$(basename "$installed")" "${entry[0]}"

launch=(env -i "${settings[@]}" "${as_user[@]}" "$image$installed")
[ "${command[0]}" = serve ] || fail "the command is ${command[*]}"
if in_image "${health[@]}" >/dev/null 2>&1; then fail 'healthy before the start'; fi
start_server "https://127.0.0.1:$port" "${command[@]:1}"
expect 'the process is the user of the file' "$uid" "$(awk '/^Uid:/ {print $2}' "/proc/$server_pid/status")"
expect 'it listens on every address' "00000000:$(printf '%04X' "$port")" \
    "$(awk -v end=":$(printf '%04X' "$port")" '$4 == "0A" && $2 ~ end "$" {print $2}' /proc/net/tcp)"
expect 'the health check of the file' ready "$(in_image "${health[@]}" 2>/dev/null)"
compose=$(sed -n 's/^      test: \(\["CMD", "curl".*\]\)/\1/p' "$guide")
mapfile -t compose < <(words "${compose//:8000/:$port}")
expect 'the health check of the guide' 'healthy connected' \
    "$("${compose[@]:1}" --silent | jq -r '"\(.status) \(.database)"')"
expect 'files others can read' '' "$(find "$data" -perm /077)"
stop_server
if in_image "${health[@]}" >/dev/null 2>&1; then fail 'healthy after the end'; fi
say 'the health check fails once it has ended'
