//! What an MQTT broker sends to us.

use machi_broker::probe;

use crate::planted;
use crate::target::Target;

pub(crate) const TARGET: Target =
    Target { name: "mqtt", run, seeds, words: &["\u{20}\u{02}", "\u{40}\u{02}", "\u{50}\u{02}", "\u{70}\u{02}"] };

fn run(bytes: &[u8]) {
    let heard = probe::heard(bytes);
    assert!(heard.left <= bytes.len());
    planted::fault(heard.packets == 4 && heard.left == 1);
}

fn seeds() -> Vec<Vec<u8>> {
    vec![
        vec![0x20, 2, 0, 0, 0x40, 2, 0, 1],
        vec![0x20, 3, 0, 0, 0, 0x50, 3, 0, 1, 0x10],
        vec![0x70, 2, 0, 1, 0xd0, 0, 0xe0, 1, 4],
        vec![0x30, 0x80, 1],
    ]
}
