#!/usr/bin/env bash
# Console: types, lints and tests of the web page, and its build.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
source scripts/lib/console.sh

if ! console_exists; then
    say "There is no console here."
    exit
fi
install_console_packages
(cd console && npm run check && npm test)
build_console
