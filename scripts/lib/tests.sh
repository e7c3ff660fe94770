# Runs of cargo-nextest, and what they skipped.
# Sourced, never run.
# shellcheck shell=bash

# Runs tests with a profile of .config/nextest.toml, and adds the reasons of those that skipped to $MACHI_SKIPS.
# A test says why it skips; the count is of tests, so a second line of the same one does not count.
run_tests() {
    local profile="$1" verdict=0
    # nextest keeps its reports here wherever cargo builds.
    local report="target/nextest/$profile/junit.xml"
    shift
    rm -f "$report"
    cargo nextest run --locked --release --profile "$profile" --no-fail-fast "$@" || verdict=$?
    [[ ! -f "$report" ]] ||
        awk '/<testcase/ { fresh = 1 }
            fresh && match($0, /SKIPPED: [^<]*/) { print substr($0, RSTART + 9, RLENGTH - 9); fresh = 0 }' \
            "$report" >>"${MACHI_SKIPS:-/dev/null}"
    return "$verdict"
}
