#!/usr/bin/env bash
# Measures the map in Chromium over a demo city (SIZE=small|city|metropolis, MINUTES=10).
#
# The city is loaded and rests; a generator updates it where a figure asks for that. Chromium draws by software alone.
# The table names what is promised beside each figure, and the load of the machine while it was taken.
# MACHI=PROGRAM with UPDATES=PROGRAM measures those and builds nothing.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/toolchain.sh
source scripts/lib/city.sh
source scripts/lib/console.sh

size="${SIZE:-small}"
missing="$(missing_node && missing_browser)"
[[ -z "$missing" ]] || stop "$missing"
if [[ -z "${MACHI:-}" || -z "${UPDATES:-}" ]]; then
    missing="$(missing_compilers)"
    [[ -z "$missing" ]] || stop "$missing"
    build_console
    cargo build --locked --release -p machi -p machi-bench
    MACHI="$(target_folder)/release/machi"
    UPDATES="$(target_folder)/release/updates"
fi
install_console_packages

make_room
open_city
# The simulator rests as soon as the city is there: what moves it is measured, and moves it by the clock.
LC_ALL=C "$MACHI" demo --url "${server%/}" --size "$size" >"$work/demo" 2>&1 &
demo=$!
await_line "$work/demo" "^The city moves" "$demo" || stop "The city was not loaded: $(tail -n 3 "$work/demo")"
end_process "$demo"

say "" "The map over a demo city, size $size; $(grep -o '[0-9,]* entities are loaded.*' "$work/demo")"
(cd console && MACHI_URL="${server%/}/" UPDATES="$(realpath "$UPDATES")" FIGURES="$work/figures" MINUTES="${MINUTES:-10}" \
    npm run --silent bench:map) >"$work/measuring" 2>&1 &
measuring=$!
# Figures are told as they come: all of them take a quarter of an hour.
tail --pid="$measuring" -n +1 -F "$work/figures" 2>/dev/null || true
wait "$measuring" || {
    cat "$work/measuring"
    stop "Not all of it is as promised."
}
