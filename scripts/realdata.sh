#!/usr/bin/env bash
# Imports real open data into a city of its own, queries it back and counts it on the map (DIR=../shared/data, STAY=1).
#
# STAY=1 leaves the city open until Ctrl-C, to be looked at. MACHI=PROGRAM tries that program and builds nothing.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/toolchain.sh
source scripts/lib/city.sh
source scripts/lib/console.sh
source scripts/lib/packages.sh

data="${DIR:-../shared/data}"
[[ -d "$data" ]] || stop "There is no folder $data: say where the data are, as in make realdata DIR=../shared/data."
have python3 || stop "Python 3 is missing: install it (Debian: apt-get install python3)."
# The map is counted last, and what is missing for that is told before the minutes of importing.
missing="$(missing_node && missing_browser)"
[[ -z "$missing" ]] || stop "$missing"

if [[ -z "${MACHI:-}" ]]; then
    missing="$(missing_compilers)"
    [[ -z "$missing" ]] || stop "$missing"
    build_console
    cargo build --locked --release -p machi
    MACHI="$(target_folder)/release/machi"
fi
install_console_packages
provide_python_clients

make_room
# Contexts that nobody answers for must not hold the import up.
MACHI__CONTEXTS__TIMEOUT="2 s" open_city

faults=()
.venv/bin/python scripts/lib/realdata.py "$MACHI" "$server" "$data" "$work" || faults+=("the import")

say "" "What Chromium counts on each layer of the map, beside what the API counts:"
(cd console && MACHI_URL="${server%/}/" COUNTS="$work/counts" \
    npm run --silent test:browser -- tests/browser/counts.test.ts) >"$work/counting" 2>&1 || faults+=("the map")
cat "$work/counts" 2>/dev/null || true
# Where the counting broke off, its own words say why.
[[ "${faults[*]}" != *"the map"* ]] || cat "$work/counting"

if [[ -n "${STAY:-}" ]]; then
    say "" "The city stays open at ${server%/}/#view=map&tenant=opendata until Ctrl-C."
    wait "$city" || true
fi
((${#faults[@]} == 0)) || stop "Not as expected: $(printf '%s; ' "${faults[@]}")see above."
