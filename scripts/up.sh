#!/usr/bin/env bash
# Builds Machi and starts a city on this machine (PORT=8080, MACHI_DATA=./data).
#
# MACHI=PROGRAM starts that program and builds nothing.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/toolchain.sh
source scripts/lib/console.sh

port="${PORT:-8080}"
data="${MACHI_DATA:-./data}"

# What would stop the city is told before the minutes of compiling, not after them.
if (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    stop "Port $port is in use by another program: stop that one, or choose another port, as in make up PORT=$((port + 1))."
fi
mkdir -p "$data" 2>/dev/null && [[ -w "$data" ]] ||
    stop "The folder $data cannot be written to: give yourself the right to, or choose another one, as in make up MACHI_DATA=~/city."

if [[ -z "${MACHI:-}" ]]; then
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
    MACHI="$(target_folder)/release/machi"
    say "Built $MACHI."
fi

# Whoever may use the city reaches this machine's own ports anyway, so its notifications may too.
exec "$MACHI" serve --data "$data" --listen "127.0.0.1:$port" --open --egress-allow 127.0.0.0/8
