#!/usr/bin/env bash
# Tests: unit, property, conformance and integration, on the code that ships.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
: "${MACHI_SKIPS:=/dev/null}"

if cargo nextest --version >/dev/null 2>&1; then
    report=target/nextest/default/junit.xml
    # nextest keeps its reports here wherever cargo builds.
    rm -f "$report"
    verdict=0
    cargo nextest run --locked --release "${EVERYTHING[@]}" --no-fail-fast || verdict=$?
    # A test says why it skips; the count is of tests, so a second line of the same one does not count.
    [[ ! -f "$report" ]] ||
        awk '/<testcase/ { fresh = 1 }
            fresh && match($0, /SKIPPED: [^<]*/) { print substr($0, RSTART + 9, RLENGTH - 9); fresh = 0 }' \
            "$report" >>"$MACHI_SKIPS"
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
