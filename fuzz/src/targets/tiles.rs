//! Addresses of tiles, asked of a city that has entities on the map: whatever is asked is a tile or a problem, and a tile
//! is a row of whole protobuf messages.

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;

use crate::planted;
use crate::target::{Target, texts};
use crate::targets::world;

pub(crate) const TARGET: Target = Target {
    name: "tiles",
    run,
    seeds,
    words: &[
        "A/",
        "Room/",
        "0/0/0",
        "14/14552/6451",
        "22/4194303/4194303",
        "?attrs=",
        "&q=",
        "&scopeQ=",
        "&geoproperty=",
        "&lang=",
        "location",
        "temperature",
        "name",
        "*;q=0.5",
        "%20",
        "%E8",
        "https%3A%2F%2Fa.example%2F",
    ],
};

fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    world::renew();
    let Ok(request) = Request::builder().uri(["/machi/v1/tiles/", text].concat()).body(Full::new(Bytes::new())) else {
        return;
    };
    let pieces: Vec<&str> = request.uri().path().split('/').collect();
    let (is_tile, is_near) = (pieces.len() == 8, pieces.get(5).is_some_and(|zoom| *zoom != "0"));
    let answer = world::ask(request);
    let is_shown = answer.status == StatusCode::OK && is_tile;
    assert!(!is_shown || is_whole(&answer.body), "{text} is no tile: {:?}", answer.body);
    planted::fault(is_shown && is_near && !answer.body.is_empty());
}

/// Whether the bytes are layers, one after the other.
fn is_whole(mut tile: &[u8]) -> bool {
    while let Some((field, rest)) = tile.split_first() {
        let (mut length, mut shift, mut left) = (0_usize, 0, rest);
        loop {
            let Some((byte, behind)) = left.split_first() else { return false };
            length |= usize::from(byte & 0x7f) << shift;
            (shift, left) = (shift + 7, behind);
            if byte & 0x80 == 0 {
                break;
            }
        }
        let Some(behind) = left.get(length..) else { return false };
        if *field != 3 << 3 | 2 {
            return false;
        }
        tile = behind;
    }
    true
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "A/0/0/0",
        "Room/0/0/0?attrs=temperature,name&lang=ja",
        "Room/14/14552/6451?q=temperature%3E20&scopeQ=/a/%23",
        "B/1/1/0?geoproperty=place",
        "Room?attrs=temperature",
        "https%3A%2F%2Fa.example%2FA/22/4194303/0",
    ])
}
