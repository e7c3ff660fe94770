#!/usr/bin/env bash
# Builds and opens a city from a clone within 2 GB of memory, then serves it within 512 MB (PORT=8498).
#
# The clone and all caches are new, as for make first-start. The bounds are control groups, which take the right to make
# one; where the kernel refuses them that is said, and what building and serving take is measured against the same bounds.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source scripts/lib/fresh.sh
source scripts/lib/memory.sh

building=2048
serving=512

# What a visitor of the first minutes asks for, the whole city by pages and by tiles among it.
visit() {
    local api="http://127.0.0.1:$PORT" type offset entities=0 count tile
    for type in $(curl -fsS "$api/ngsi-ld/v1/types" | grep -o '"typeList":\[[^]]*' | grep -o '[A-Za-z]*"' | tr -d '"' | grep -v typeList); do
        count="$(curl -fsS -D - -o /dev/null "$api/ngsi-ld/v1/entities?type=$type&count=true&limit=1" |
            sed -n 's/\r$//; s/^[Nn][Gg][Ss][Ii][Ll][Dd]-[Rr]esults-[Cc]ount: //p')"
        for ((offset = 0; offset < count; offset += 1000)); do
            curl -fsS -o /dev/null "$api/ngsi-ld/v1/entities?type=$type&limit=1000&offset=$offset"
        done
        for tile in 0/0/0 8/225/102 12/3612/1632; do
            curl -fsS -o /dev/null "$api/machi/v1/tiles/$type/$tile?attrs=name"
        done
        entities=$((entities + count))
    done
    say "$entities entities were read by pages and drawn on tiles; the city's own most was $(most_of_the_city) MB."
    ((entities > 1000)) || stop "That is no small city."
}

# The most memory that the city's process has had, in megabytes.
most_of_the_city() {
    awk '$1 == "VmHWM:" { print int($2 / 1024) }' "/proc/$(cat "$lock")/status"
}

open_and_visit() {
    start_city "$1"
    visit
    end_city
}

# Says what came of a bound, and fails where it was not kept.
judge() {
    local name="$1" megabytes="$2"
    if [[ "$bound" == group ]]; then
        say "$name within $megabytes MB: the kernel counted $peak MB at most with the files it kept, and ended $kills processes."
    else
        say "$name without a bound: $peak MB at most, measured against $megabytes MB."
    fi
    ((verdict == 0 && kills == 0)) || stop "$name failed."
    [[ "$bound" == group ]] || ((peak <= megabytes)) || stop "That is too much."
}

prepare_clone
export PORT="${PORT:-8498}"
git clone --quiet . "$work/machi"
within_memory "$building" open_and_visit "$work/first"
judge "make up from a clone" "$building"
# Nothing is left to be built, so that this is serving alone.
export MACHI="$work/machi/target/release/machi"
within_memory "$serving" open_and_visit "$work/second"
judge "Serving the small city" "$serving"
