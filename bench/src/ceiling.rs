//! The bare engine: one value for each entity, put in batches that are synced.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::names::mix;

/// Puts values of 600 bytes for so many entities, new ones and then existing ones, each round at least so long.
/// Returns the entities a second of both.
pub fn bare_engine(folder: &Path, count: u64, hold: Duration) -> (f64, f64) {
    let database = fjall::Database::builder(folder).cache_size(64 << 20).open().expect("fjall opens");
    let space = database.keyspace("documents", fjall::KeyspaceCreateOptions::default).expect("fjall opens");
    let mut rates = [0.0; 2];
    for (round, rate) in rates.iter_mut().enumerate() {
        let started = Instant::now();
        let (mut batch, mut put) = (0, 0);
        while put < count || (round > 0 && started.elapsed() < hold) {
            let mut writes = database.batch();
            for n in batch * 1000..(batch + 1) * 1000 {
                let n = n % count;
                let key = format!("urn:ngsi-ld:Sensor:{:016x}:{n}", mix(n));
                let body = format!("{:600}", format!("{} {round}", mix(n)));
                writes.insert(&space, key.as_bytes(), body.as_bytes());
            }
            writes.commit().expect("fjall writes");
            database.persist(fjall::PersistMode::SyncAll).expect("fjall syncs");
            (batch, put) = (batch + 1, put + 1000);
        }
        *rate = put as f64 / started.elapsed().as_secs_f64();
    }
    (rates[0], rates[1])
}
