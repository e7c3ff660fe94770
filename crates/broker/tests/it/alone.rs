//! What measures the process it runs in, and therefore runs alone.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use machi_store::memory::MemoryStore;
use machi_store::{
    Answer, Collection, Commit, Decision, Entry, IndexStatus, Names, Outcome, Position, Receipt, Store, StoreError,
    TenantStatus, View,
};
use machi_types::{Name, TenantId};

use crate::city::City;

/// Decides on everything, keeps nothing: what is left of memory is the batch's own.
#[derive(Debug)]
struct Forgetful(MemoryStore);

impl Store for Forgetful {
    fn names(&self) -> &dyn Names {
        self.0.names()
    }

    fn commit(&self, commit: Commit) -> Answer<'_, Receipt> {
        let outcome = |decision| match decision {
            Ok(Decision::Change(_)) => Outcome::Created { version: 1 },
            Ok(_) => Outcome::Kept,
            Err(refusal) => Outcome::Refused(refusal),
        };
        let outcomes = commit.proposals.into_iter().map(|(_, mut proposal)| outcome(proposal.decide.decide(None)));
        let outcomes = outcomes.collect();
        let time = "2026-11-22T10:00:00Z".parse().unwrap();
        Box::pin(async move { Ok(Receipt { position: Position::single(1), time, outcomes }) })
    }

    fn view(&self) -> Arc<dyn View> {
        self.0.view()
    }

    fn view_at(&self, position: &Position) -> Result<Arc<dyn View>, StoreError> {
        self.0.view_at(position)
    }

    fn feed(&self, after: &Position, limit: usize) -> Answer<'_, (Vec<Arc<Entry>>, Position)> {
        self.0.feed(after, limit)
    }

    fn changed(&self, after: &Position) -> Answer<'_, ()> {
        self.0.changed(after)
    }

    fn cursor(&self, consumer: &str) -> Option<Position> {
        self.0.cursor(consumer)
    }

    fn declare_indexes(&self, tenant: &TenantId, collection: Collection, definitions: Vec<Name>) {
        self.0.declare_indexes(tenant, collection, definitions);
    }

    fn indexes(&self, tenant: &TenantId, collection: Collection) -> Vec<IndexStatus> {
        self.0.indexes(tenant, collection)
    }

    fn pin(&self, consumer: &str, position: Option<&Position>) {
        self.0.pin(consumer, position);
    }

    fn has_tenant(&self, tenant: &TenantId) -> bool {
        self.0.has_tenant(tenant)
    }

    fn tenants(&self) -> Answer<'_, Vec<TenantStatus>> {
        self.0.tenants()
    }

    fn erase(&self, tenant: &TenantId, spared: &[Collection]) -> Answer<'_, ()> {
        self.0.erase(tenant, spared)
    }
}

fn entity(n: u32) -> String {
    let filler = "x".repeat(180);
    format!(
        r#"{{"id":"urn:ngsi-ld:Sensor:{n:08}","type":"Sensor","a":{{"type":"Property","value":{n}}},"b":{{"type":"Property","value":"{filler}"}},
        "c":{{"type":"Property","value":true}},"d":{{"type":"Property","value":1.5,"unitCode":"CEL"}},
        "e":{{"type":"Relationship","object":"urn:ngsi-ld:Room:{n}"}},"location":{{"type":"GeoProperty","value":{{"type":"Point","coordinates":[136.2,36.0]}}}}}}"#
    )
}

/// The most memory that the process has had since it was last asked to forget, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_batch_of_100_000_entities_takes_at_most_64_mb() {
    const ENTITIES: u32 = 100_000;
    let city = City::in_store(|memory| Arc::new(Forgetful(memory)));
    // Writing 5 here lets the kernel forget the peak so far.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak_memory();
    let piece = |n| {
        let separator = if n == 0 { "[" } else { "," };
        let end = if n == ENTITIES - 1 { "]" } else { "" };
        Ok::<_, std::io::Error>(Bytes::from([separator, &entity(n), end].concat()))
    };
    let body = Body::from_stream(stream::iter((0..ENTITIES).map(piece)));
    let headers = [("content-type", "application/json"), ("transfer-encoding", "chunked")];
    let reply = city.send("POST", "/entityOperations/create", &headers, body).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.value().as_array().unwrap().len(), ENTITIES as usize);
    let taken = peak_memory() - before;
    assert!(taken <= 64 << 20, "the batch took {} MB", taken >> 20);
}
