#!/usr/bin/env bash
# Dependencies: licences, sources and bans as deny.toml has them.
source "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
if cargo deny --version >/dev/null 2>&1; then
    # Advisories come from a database on the network, which a test run must not depend on.
    cargo deny --offline check bans licenses sources
else
    say "cargo-deny is not installed; crates/house holds the licences, sources and bans of deny.toml."
fi
