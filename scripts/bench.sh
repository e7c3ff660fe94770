#!/usr/bin/env bash
# Prints the table of figures with their ceilings (ENTITIES=1000000, SECONDS_EACH=10, MINUTES=10, DOCUMENTS=1000000).
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --locked -p machi -p machi-bench
target="${CARGO_TARGET_DIR:-target}/release"
entities="${ENTITIES:-1000000}"
"$target/http" "$target/machi" "$entities" "${SECONDS_EACH:-10}" get list
"$target/http" "$target/machi" 100000 60 patch
"$target/http" "$target/machi" "$entities" 60 upsert
"$target/queries" "$target/machi" "$entities" "${MINUTES:-10}"
"$target/tiles" "$target/machi" "$entities"
"$target/engine" "${DOCUMENTS:-1000000}"
