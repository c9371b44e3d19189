#!/usr/bin/env bash
# The README's first command and its tour, as a stranger would type them.
. "$(dirname "$0")/story.sh"

cd "$root"
grep -qxF 'cargo run --release -- serve --dev' README.md || fail 'the README starts another way'
url=$(sed -n 's/^URL=//p' README.md | head -n 1)
unset LATCHKEY_LIMITS__EXEMPT # the tour keeps within the limits as shipped
export XDG_DATA_HOME=$work/home
launch=(cargo run --release --)
start_server "$url" --dev
readme_tour "$url"
stop_server
