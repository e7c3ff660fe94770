//! Requests to the control endpoint: who does not hold the secret gets nothing, whatever is asked.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use machi::control::Commanded;
use machi::ground::Ground;
use machi::past::Past;
use machi_broker::config::Config;
use machi_broker::{Broker, collections};
use machi_face::Face;
use machi_face::config::FaceConfig;
use machi_store_embedded::{EmbeddedStore, Options};
use machi_types::SystemClock;
use tokio::runtime::Runtime;
use tower_service::Service;

use crate::planted;
use crate::target::{Target, texts};
use crate::targets::world;

pub(crate) const TARGET: Target = Target {
    name: "control",
    run,
    seeds,
    words: &[
        "POST ",
        "/machi/v1/control/",
        "tenants",
        "verify",
        "clock",
        "backup",
        "\nAuthorization: Bearer 5ecret",
        "%2f",
        "..",
    ],
};

const SECRET: &str = "5ecret";

struct Room {
    runtime: Runtime,
    router: Router,
}

thread_local! {
    static ROOM: Room = Room::new();
}

impl Room {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("machi-fuzz-{}", std::process::id()));
        let store = EmbeddedStore::open(&folder, collections::specs(), Arc::new(SystemClock), Options::default())
            .expect("a store can be made in the folder for temporary files");
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime of one thread can be made");
        let store = Arc::new(store);
        let (shared, clock) = (Arc::clone(&store), Arc::new(SystemClock));
        let face = Face::new(shared, clock, FaceConfig::default(), Arc::new(world::NoNetwork));
        let broker = Arc::new(Broker::new(Arc::new(face), Config::default()));
        let mut config = machi::config::Config::default();
        folder.clone_into(&mut config.store.path);
        let past = Past::open(&config, broker.face()).expect("an archive can be made beside the store");
        // The open files stay usable, and nothing is left behind whichever way this process ends.
        std::fs::remove_dir_all(&folder).expect("the folder was just made");
        Self {
            runtime,
            router: machi::control::router(Commanded { ground: Ground::Folder(store), broker, past }, SECRET),
        }
    }

    fn ask(&self, request: Request<Full<Bytes>>) -> Response<Body> {
        let answer = self.router.clone().call(request);
        self.runtime.block_on(answer).unwrap_or_else(|never| match never {})
    }
}

fn run(bytes: &[u8]) {
    let Some(request) = world::read(bytes) else { return };
    let holds_secret = request.headers().get(AUTHORIZATION).is_some_and(|value| value == "Bearer 5ecret");
    // These would write wherever the input says.
    let path = percent_decoded(request.uri().path());
    let may_write = ["backup", "export"].iter().any(|word| path.contains(word));
    if holds_secret && may_write {
        return;
    }
    let status = ROOM.with(|room| room.ask(request)).status();
    assert!(holds_secret || status.is_client_error(), "a stranger was answered {status}");
    planted::fault(holds_secret && status == StatusCode::OK);
}

fn percent_decoded(path: &str) -> String {
    machi_http::percent::decode(path).map_or_else(|_| path.to_owned(), |path| path.into_owned())
}

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = texts(&[
        "POST /machi/v1/control/verify\nAuthorization: Basic 5ecret\n\n{}",
        "POST /machi/v1/control/context\n\n{\"url\":\"https://a.example/c\",\"text\":\"{}\"}",
        "POST /machi/v1/control/erase\nAuthorization: Bearer\n\n{\"tenant\":\"t\"}",
        "POST /machi/v1/control/backup\n\n{\"to\":\"/nowhere\"}",
    ]);
    seeds.extend(nearly(b"POST /machi/v1/control/tenants\nAuthorization: Bearer 5ecret\n\n{}"));
    seeds
}

/// A request with each of its letters in turn in the other case.
fn nearly(request: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let letters = (0..request.len()).filter(|place| request[*place].is_ascii_alphabetic());
    letters.map(|place| {
        let mut other = request.to_vec();
        other[place] ^= 0x20;
        other
    })
}
