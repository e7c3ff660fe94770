# What the scripts share: where the checkout is, how they speak, where builds go.
# Sourced, never run.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Debian keeps servers such as mosquitto in sbin, which is not on everybody's path.
export PATH="$PATH:/usr/sbin:/sbin"
# A jobserver of the calling make is not meant for cargo.
unset MAKEFLAGS MFLAGS MAKELEVEL

# What `make test` builds: all but the SQL face, which doubles the build. `make soak PART=sql` builds and tests that one.
# shellcheck disable=SC2034
EVERYTHING=(--workspace --exclude machi-sql)

# Prints each argument on a line of its own.
say() {
    printf "%s\n" "$@"
}

# Prints the first argument, or the second one where the reader's language is Japanese.
either() {
    local language="${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}"
    if [[ "$language" == ja* ]]; then printf '%s' "$2"; else printf '%s' "$1"; fi
}

stop() {
    printf '%s\n' "$*" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Stops where the disk that holds a folder has less room than so many megabytes.
require_space() {
    local free
    free="$(stat --file-system --format '%a * %S / 1000000' "$1")"
    free=$((free))
    ((free >= $2)) || stop "$(either \
        "The disk of $(realpath "$1") has $free MB left, and $2 MB are needed: make room on it." \
        "$(realpath "$1")のディスクの空きは${free}MBです。$2MB以上必要なため、空きを作ってください。")"
}

# Where tools and builds outlive a checkout.
cache_folder() {
    printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/machi"
}

# Whether the first dotted version is the second one or newer.
version_at_least() {
    [[ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" == "$2" ]]
}

# A clean checkout on a build server has an empty target folder each time;
# one in the cache, named by the compiler, lets the dependencies be built once.
use_cached_target() {
    if [[ "${CI:-}" != true || -n "${CARGO_TARGET_DIR:-}" ]]; then
        return
    fi
    export CARGO_TARGET_DIR
    CARGO_TARGET_DIR="$(cache_folder)/target/$(rustc -vV | cksum | cut -d ' ' -f 1)"
    local largest_megabytes=12000 megabytes
    megabytes="$(du -sm "$CARGO_TARGET_DIR" 2>/dev/null | cut -f 1 || true)"
    if ((${megabytes:-0} > largest_megabytes)); then
        say "The cached target folder has grown to $megabytes MB; it is emptied."
        rm -rf "$CARGO_TARGET_DIR"
    fi
}

target_folder() {
    cargo metadata --no-deps --format-version 1 |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/'
}
