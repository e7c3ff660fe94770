# Building the web console, and only when it changed.
# Sourced, never run.
# shellcheck shell=bash

console_exists() {
    [[ -f console/package.json ]]
}

console_is_current() {
    [[ -f console/dist/index.html ]] &&
        [[ -z "$(find console -name node_modules -prune -o -path console/dist -prune -o \
            -type f -newer console/dist/index.html -print -quit)" ]]
}

install_console_packages() {
    [[ console/node_modules/.package-lock.json -nt console/package-lock.json ]] ||
        (cd console && npm ci --no-audit --no-fund)
}

# Names why no browser can open the page; prints nothing when one can.
missing_browser() {
    have "${CHROMIUM:-/usr/bin/chromium}" ||
        say "$(either \
            "Chromium is missing: install it (Debian: apt-get install chromium), or name it by CHROMIUM=/path/to/chromium." \
            "Chromiumがありません。入れるか(Debian: apt-get install chromium)、CHROMIUM=/path/to/chromiumで指定してください。")"
}

build_console() {
    console_is_current ||
        { install_console_packages && (cd console && npm run build) && touch console/dist/index.html; }
}
