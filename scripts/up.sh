#!/usr/bin/env bash
# Builds Machi and starts a city on this machine (PORT=8080, MACHI_DATA=./data).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/toolchain.sh
source scripts/lib/console.sh

missing="$(missing_compilers)"
[[ -z "$missing" ]] || stop "$missing"

# The city runs without its page, so nothing about the page may stop it from starting.
if console_exists && ! console_is_current; then
    missing="$(missing_node)"
    if [[ -z "$missing" ]]; then
        say "Building the console."
        build_console || missing="The console could not be built: the lines above say why."
    fi
    [[ -z "$missing" ]] || say "$missing" "Machi starts without its page for now; the page says how to add it."
fi

say "Building Machi; the first time takes some minutes."
cargo build --locked --release -p machi

exec "$(target_folder)/release/machi" serve \
    --data "${MACHI_DATA:-./data}" \
    --listen "127.0.0.1:${PORT:-8080}" \
    --open
