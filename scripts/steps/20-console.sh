#!/usr/bin/env bash
# Console: types, lints and tests of the web page, its build, and the built page in a browser.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
source scripts/lib/console.sh

if ! console_exists; then
    say "There is no console here."
    exit
fi
install_console_packages
(cd console && npm run check && npm test)
build_console
# The page before a city that does what each test asks of it; before a real one it is tested with the binary.
(cd console && npm run test:browser -- tests/browser/page.test.ts tests/browser/map.test.ts tests/browser/past.test.ts)
