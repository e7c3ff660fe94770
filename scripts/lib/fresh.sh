# A clone of this checkout with nothing but the toolchain, and the city that `make up` opens in it.
# Sourced, never run.
# shellcheck shell=bash

# Takes a new folder for a clone, its caches and its home, and has all of it removed at the end; stops where the disk
# has no room. Leaves the folder in `work`; only the toolchain and the mirrors that cargo and npm are told to use stay.
prepare_clone() {
    require_space "${TMPDIR:-/tmp}" 4000
    work="$(mktemp -d)"
    machi=""
    # The first thing a city does is to take its folder, with its number in this file.
    lock="$work/machi/data/lock"
    trap clear_up EXIT
    mkdir -p "$work/home" "$work/cargo"
    cp "${CARGO_HOME:-$HOME/.cargo}"/config.toml "$work/cargo/" 2>/dev/null || true
    cp "$HOME/.npmrc" "$work/home/" 2>/dev/null || true
    export RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}"
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    export HOME="$work/home" CARGO_HOME="$work/cargo" XDG_CACHE_HOME="$work/home/.cache"
    export LC_ALL=C.UTF-8
    unset CARGO_TARGET_DIR CI MACHI MACHI_DATA DEMO
}

clear_up() {
    end_city
    rm -rf "$work"
}

# Ends the city as Ctrl-C does, and waits until it has closed.
end_city() {
    [[ -n "$machi" ]] || return 0
    [[ ! -s "$lock" ]] || kill -INT "$(cat "$lock")" 2>/dev/null || true
    wait "$machi" 2>/dev/null || true
    machi=""
}

# Starts the city and waits until its screen, which goes to this file, says that it moves. Leaves in `built` when all
# was built.
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

now() {
    date +%s.%N
}
