#!/usr/bin/env bash
# Times the way from a clone with empty caches to a moving city, and a second start (PORT=8499).
#
# The clone, all caches and the home folder are new; only the toolchain and the mirrors that cargo and npm are told
# to use stay. It needs 4 GB of room and ends with one line for each figure, and a failure beyond what is promised.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

first_at_most=600
city_at_most=20
second_at_most=2

require_space "${TMPDIR:-/tmp}" 4000
work="$(mktemp -d)"
machi=""
# The first thing a city does is to take its folder, with its number in this file.
lock="$work/machi/data/lock"
clear_up() {
    end_city
    rm -rf "$work"
}
trap clear_up EXIT

now() {
    date +%s.%N
}

since() {
    awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.2f", to - from }'
}

# Ends the city as Ctrl-C does, and waits until it has closed.
end_city() {
    [[ -n "$machi" ]] || return 0
    [[ ! -s "$lock" ]] || kill -INT "$(cat "$lock")" 2>/dev/null || true
    wait "$machi" 2>/dev/null || true
    machi=""
}

# Starts the city and waits until its screen says that it moves. Leaves in `built` when all was built.
start_city() {
    rm -f "$lock"
    make -C "$work/machi" up >"$1" 2>&1 &
    machi=$!
    wait_until "$1" test -s "$lock"
    built="$(now)"
    wait_until "$1" grep -q "The city moves" "$1"
}

# Waits until the command holds, for as long as the city that writes to the file is there.
wait_until() {
    local screen="$1"
    shift
    until "$@"; do
        sleep 0.02
        kill -0 "$machi" 2>/dev/null || stop "make up ended early: $(tail -n 5 "$screen")"
    done
}

# Prints a figure, and fails where it is more than was promised.
judge() {
    say "$1: $2 s (at most $3 s)"
    awk -v took="$2" -v most="$3" 'BEGIN { exit !(took <= most) }' || stop "That is too long."
}

mkdir -p "$work/home" "$work/cargo"
cp "${CARGO_HOME:-$HOME/.cargo}"/config.toml "$work/cargo/" 2>/dev/null || true
cp "$HOME/.npmrc" "$work/home/" 2>/dev/null || true
export RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}"
PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
export HOME="$work/home" CARGO_HOME="$work/cargo" XDG_CACHE_HOME="$work/home/.cache"
export LC_ALL=C.UTF-8 PORT="${PORT:-8499}"
unset CARGO_TARGET_DIR CI MACHI MACHI_DATA DEMO

started="$(now)"
git clone --quiet . "$work/machi"
start_city "$work/first"
first="$(since "$started")"
city="$(since "$built")"
end_city
started="$(now)"
start_city "$work/second"
second="$(since "$started")"
end_city
judge "from the clone to a moving city" "$first" "$first_at_most"
judge "of which the city itself" "$city" "$city_at_most"
judge "the second start" "$second" "$second_at_most"
