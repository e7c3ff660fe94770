#!/usr/bin/env bash
# Tests: unit, property, conformance and integration, on the code that ships.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
source scripts/lib/tests.sh
: "${MACHI_SKIPS:=/dev/null}"

if cargo nextest --version >/dev/null 2>&1; then
    verdict=0
    run_tests default "${EVERYTHING[@]}" || verdict=$?
    # A test that is marked as one that does not run is skipped like any other.
    cargo nextest list --locked --release "${EVERYTHING[@]}" --run-ignored ignored-only --message-format oneline |
        sed 's/^/marked #[ignore]: /' >>"$MACHI_SKIPS"
    exit "$verdict"
fi

say "cargo-nextest is not installed; cargo test runs the same tests."
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
verdict=0
cargo test --locked --release "${EVERYTHING[@]}" --no-fail-fast --lib --bins --tests -- --show-output | tee "$log" || verdict=$?
sed -n -e 's/^SKIPPED: //p' -e 's/^test \(.*\) \.\.\. ignored.*/marked #[ignore]: \1/p' "$log" >>"$MACHI_SKIPS"
exit "$verdict"
