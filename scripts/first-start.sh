#!/usr/bin/env bash
# Times the way from a clone with empty caches to a moving city, and a second start (PORT=8499).
#
# The clone, all caches and the home folder are new; only the toolchain and the mirrors that cargo and npm are told
# to use stay. It needs 4 GB of room and ends with one line for each figure, and a failure beyond what is promised.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/fresh.sh

first_at_most=600
city_at_most=20
second_at_most=2

since() {
    awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.2f", to - from }'
}

# Prints a figure, and fails where it is more than was promised.
judge() {
    say "$1: $2 s (at most $3 s)"
    awk -v took="$2" -v most="$3" 'BEGIN { exit !(took <= most) }' || stop "That is too long."
}

prepare_clone
export PORT="${PORT:-8499}"
started="$(now)"
git clone --quiet . "$work/machi"
start_city "$work/first"
first="$(since "$started")"
city="$(since "$built")"
end_city
started="$(now)"
start_city "$work/second"
second="$(since "$started")"
end_city
judge "from the clone to a moving city" "$first" "$first_at_most"
judge "of which the city itself" "$city" "$city_at_most"
judge "the second start" "$second" "$second_at_most"
