#!/usr/bin/env bash
# Long checks in resumable parts (PART=crash|kills|history|readers|sql|fuzz|requests|connections|load|bench, SECONDS_EACH=600, DURATION=3600).
#
# Each part's result is a line in a file under the target folder, with its commit, seed, duration and verdict,
# so that the parts of several sessions add up. Without PART this prints where things stand and runs what lacks;
# a result counts when its commit is part of this branch; SINCE=COMMIT asks for that commit or later ones.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/fuzz.sh
source scripts/lib/packages.sh
source scripts/lib/soak.sh

open_results
build_soak
mapfile -t parts < <(soak_parts)
if [[ -n "${PART:-}" ]]; then
    mapfile -t wanted < <(printf '%s\n' "${parts[@]}" | grep -E "^$PART(/|\$)" || true)
    ((${#wanted[@]} > 0)) || stop "There is no part $PART; there are $(printf '%s\n' "${parts[@]%%/*}" | uniq | paste -sd ' ')."
else
    print_state "${parts[@]}"
    mapfile -t wanted < <(parts_that_lack "${parts[@]}")
fi
failures=0
for part in "${wanted[@]}"; do
    run_part "$part" || failures=$((failures + 1))
done
print_state "${parts[@]}"
((failures == 0)) || stop "Parts that failed: $failures."
