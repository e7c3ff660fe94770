#!/usr/bin/env bash
# Imports real open data into a city of its own and queries it back (DIR=../shared/data).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/toolchain.sh

data="${DIR:-../shared/data}"
[[ -d "$data" ]] || stop "There is no folder $data: say where the data are, as in make realdata DIR=../shared/data."
have python3 || stop "Python 3 is missing: install it (Debian: apt-get install python3)."

if [[ -z "${MACHI:-}" ]]; then
    missing="$(missing_compilers)"
    [[ -z "$missing" ]] || stop "$missing"
    cargo build --locked --release -p machi
    MACHI="$(target_folder)/release/machi"
fi

work="$(mktemp -d)"
city=""
clear_up() {
    [[ -z "$city" ]] || kill "$city" 2>/dev/null || true
    [[ -z "$city" ]] || wait "$city" 2>/dev/null || true
    rm -rf "$work"
}
trap clear_up EXIT

# Contexts that nobody answers for must not hold the import up.
MACHI__CONTEXTS__TIMEOUT="2 s" "$MACHI" serve --data "$work/city" --listen 127.0.0.1:0 --open \
    >"$work/ready" 2>"$work/log" &
city=$!
for _ in $(seq 100); do
    [[ ! -s "$work/ready" ]] || break
    kill -0 "$city" 2>/dev/null || break
    sleep 0.1
done
server="$(sed -n 's/.*\(http:\/\/[^ ]*\).*/\1/p' "$work/ready")"
[[ -n "$server" ]] || stop "The city did not start: $(tail -n 3 "$work/log")"

python3 scripts/lib/realdata.py "$MACHI" "$server" "$data" "$work"
