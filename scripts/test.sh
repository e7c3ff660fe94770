#!/usr/bin/env bash
# Runs every check: format, lints, docs, unit, conformance, integration and browser tests.
#
# Each script in scripts/steps/ is one step, run in the order of its number.
# MACHI_NO_SKIP=1 makes a skipped test a failure.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/toolchain.sh
source scripts/lib/console.sh
source scripts/lib/packages.sh

missing="$(missing_compilers && { ! console_exists || missing_node; })"
[[ -z "$missing" ]] || stop "$missing"
provide_cargo_tools
provide_packages
provide_python_clients
use_cached_target

MACHI_SKIPS="$(mktemp)"
export MACHI_SKIPS
trap 'rm -f "$MACHI_SKIPS"' EXIT

started=$SECONDS
summary=()
failures=0
for step in scripts/steps/*.sh; do
    name="$(sed -n '2s/^# //p' "$step")"
    say "" "== $name"
    step_started=$SECONDS
    verdict=ok
    "$step" || verdict=FAILED
    [[ "$verdict" == ok ]] || failures=$((failures + 1))
    summary+=("$(printf '%5d s  %-6s  %s' $((SECONDS - step_started)) "$verdict" "$name")")
done

say "" "== Summary after $((SECONDS - started)) s"
printf '%s\n' "${summary[@]}"

skipped="$(wc -l <"$MACHI_SKIPS")"
say "Skipped tests: $skipped"
sort "$MACHI_SKIPS" | uniq -c
[[ -d ../shared ]] || say "The folder ../shared is missing: tests that read its data are among the skipped ones."

((failures == 0)) || stop "Steps that failed: $failures."
if [[ "${MACHI_NO_SKIP:-}" == 1 ]] && ((skipped > 0)); then
    stop "This run allows no skipped test (MACHI_NO_SKIP=1)."
fi
say "Every step is green."
