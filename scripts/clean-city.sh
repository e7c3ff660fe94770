#!/usr/bin/env bash
# Empties the city that make up keeps in ./data, after asking.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

city="$PWD/data"
[[ -d "$city" ]] || stop "There is no city in $city."

# A city that is being served has its files open.
if [[ -n "$(find /proc/[0-9]*/fd -lname "$city/*" -print -quit 2>/dev/null)" ]]; then
    stop "The city in $city is running: stop it first."
fi

read -r -p "Delete everything in $city? Type yes: " answer || answer=""
[[ "$answer" == yes ]] || stop "Nothing was deleted."
rm -rf "$city"
say "The city in $city is gone; make up starts an empty one."
