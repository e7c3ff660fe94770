//! How many bytes may be in memory of bodies that are still on their way, and have no turn.
//!
//! Each body is counted by what of it has come. A tenant may have as much here as is left free beside it, so that
//! each tenant that fills its part leaves room for one more. Beyond that the tenant's slowest body is sent away for
//! one that comes faster, so that whoever drips holds up nobody, not even those of the same tenant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use machi_types::ErrorKind;
use tokio::sync::oneshot;

use super::gate::Tenant;
use crate::metrics::{Counter, Registry};
use crate::{Problem, Text};

/// What a request whose body is on its way costs beside the bytes of it: its handler, and the buffers of its connection.
const OVERHEAD: u64 = 16 << 10;
/// What is added to the bytes of each when its pace is told, so that one that has just begun is not the slowest.
const CREDIT: u64 = 64 << 10;
/// Nothing is younger than this when its pace is told.
const LEAST_AGE: Duration = Duration::from_millis(1);

/// The place in front of the gate.
#[derive(Clone, Debug)]
pub(super) struct Porch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    most: u64,
    sent_away: Counter,
}

#[derive(Debug, Default)]
struct State {
    held: u64,
    of_tenants: HashMap<Tenant, u64>,
    bodies: HashMap<u64, Standing>,
    next: u64,
}

/// A body on its way.
#[derive(Debug)]
struct Standing {
    tenant: Tenant,
    bytes: u64,
    /// All that has come of it, also what is held elsewhere by now.
    received: u64,
    since: Instant,
    /// Nothing once it has come and waits for its turn: then it is slow no more.
    leave: Option<oneshot::Sender<()>>,
}

/// A body's place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    porch: Arc<Inner>,
    number: u64,
    asked_to_leave: oneshot::Receiver<()>,
}

impl Porch {
    /// A porch for so many bytes.
    pub(super) fn new(bytes: u64, registry: &Registry) -> Self {
        let sent_away = registry.counter(
            "machi_http_slow_bodies_refusals",
            "Requests answered 503 because too many bytes of bodies that come slowly were in memory.",
            &[],
        );
        Self(Arc::new(Inner { state: Mutex::default(), most: bytes, sent_away }))
    }

    /// A place for a body that has been coming since then, and of which so many bytes have come and are held.
    pub(super) fn place(&self, tenant: &Tenant, since: Instant, received: u64, held: u64) -> Result<Place, Problem> {
        let (leave, asked_to_leave) = oneshot::channel();
        let mut state = self.0.lock();
        let number = state.next;
        state.next += 1;
        let body = Standing { tenant: tenant.clone(), bytes: 0, received, since, leave: Some(leave) };
        state.bodies.insert(number, body);
        drop(state);
        let place = Place { porch: Arc::clone(&self.0), number, asked_to_leave };
        self.0.grow(number, held + OVERHEAD, 0)?;
        Ok(place)
    }
}

impl Place {
    /// Takes note of bytes that have come.
    pub(super) fn take(&self, bytes: u64) -> Result<(), Problem> {
        self.porch.grow(self.number, bytes, bytes)
    }

    /// Takes note that what was waited for is there.
    pub(super) fn rest(&self) {
        if let Some(body) = self.porch.lock().bodies.get_mut(&self.number) {
            body.leave = None;
        }
    }

    /// Ends when this body has to make room for others.
    pub(super) async fn sent_away(&mut self) -> Problem {
        // The sender only goes with the body's entry, and that is taken away by `send_away` and by dropping this.
        let _ = (&mut self.asked_to_leave).await;
        self.porch.refuse()
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grow(&self, number: u64, bytes: u64, received: u64) -> Result<(), Problem> {
        let mut state = self.lock();
        while !state.has_room(number, bytes, self.most) {
            let slowest = state.slowest_beside(number);
            if slowest.is_none_or(|slowest| slowest == number) {
                drop(state);
                return Err(self.refuse());
            }
            if let Some(leave) = slowest.and_then(|slowest| state.remove(slowest)).and_then(|body| body.leave) {
                // Whoever is gone needs not be told.
                let _ = leave.send(());
            }
        }
        state.add(number, bytes, received);
        Ok(())
    }

    fn refuse(&self) -> Problem {
        self.sent_away.inc();
        Problem::new(
            ErrorKind::Unavailable,
            Text::both(
                "too many bodies that come slowly are in memory, and this one is the slowest; send it faster, or try \
                 again after the time in Retry-After ([server] bodies)",
                "受信中の遅いリクエスト本文が多すぎ、これが最も遅いものです。より速く送信するか、\
                 Retry-Afterの時間が経ってから再試行してください([server] bodies)",
            ),
        )
        .retry_after(Duration::from_secs(1))
        .with_header(http::header::CONNECTION, http::HeaderValue::from_static("close"))
    }
}

impl State {
    /// Whether a tenant's part takes more: with these bytes it has no more than is left free then.
    fn has_room(&self, number: u64, bytes: u64, most: u64) -> bool {
        let Some(body) = self.bodies.get(&number) else { return true };
        let own = self.of_tenants.get(&body.tenant).copied().unwrap_or(0);
        own + bytes <= most.saturating_sub(self.held + bytes)
    }

    fn add(&mut self, number: u64, bytes: u64, received: u64) {
        // A body that was sent away a moment ago is no longer counted.
        let Some(body) = self.bodies.get_mut(&number) else { return };
        body.bytes += bytes;
        body.received += received;
        *self.of_tenants.entry(body.tenant.clone()).or_default() += bytes;
        self.held += bytes;
    }

    /// The slowest of the bodies of the same tenant that are still coming, this one included.
    fn slowest_beside(&self, number: u64) -> Option<u64> {
        let tenant = &self.bodies.get(&number)?.tenant;
        let of_tenant = self.bodies.iter().filter(|(_, body)| body.leave.is_some() && body.tenant == *tenant);
        of_tenant.min_by(|(_, one), (_, other)| one.pace().total_cmp(&other.pace())).map(|(number, _)| *number)
    }

    fn remove(&mut self, number: u64) -> Option<Standing> {
        let body = self.bodies.remove(&number)?;
        self.held -= body.bytes;
        if let Some(own) = self.of_tenants.get_mut(&body.tenant) {
            *own -= body.bytes;
            if *own == 0 {
                self.of_tenants.remove(&body.tenant);
            }
        }
        Some(body)
    }
}

impl Standing {
    /// Bytes in a second, as far as there were seconds.
    fn pace(&self) -> f64 {
        (self.received + CREDIT) as f64 / self.since.elapsed().max(LEAST_AGE).as_secs_f64()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.porch.lock().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn porch(bytes: u64) -> Porch {
        Porch::new(bytes, &Registry::new())
    }

    fn named(tenant: &'static str) -> HeaderValue {
        HeaderValue::from_static(tenant)
    }

    #[test]
    fn each_tenant_leaves_room_for_the_next() {
        let porch = porch(1600 << 10);
        let fill = |name: &'static str| {
            let mut places = Vec::new();
            while let Ok(place) = porch.place(&Some(named(name)), Instant::now(), 0, 4 << 10) {
                place.rest();
                places.push(place);
            }
            places
        };
        let first = fill("a");
        assert_eq!(first.len(), 40, "alone, half of all");
        let second = fill("b");
        assert_eq!(second.len(), 20, "and half of what is left");
        drop(first);
        assert!(porch.place(&Some(named("b")), Instant::now(), 0, 4 << 10).is_ok());
        drop(second);
        let state = porch.0.lock();
        assert_eq!((state.held, state.of_tenants.len(), state.bodies.len()), (0, 0, 0));
    }

    #[tokio::test]
    async fn the_slowest_of_the_tenant_makes_room() {
        let porch = porch(140 << 10);
        let long_ago = Instant::now().checked_sub(Duration::from_mins(1)).unwrap();
        let mut slow = porch.place(&Some(named("a")), long_ago, 20 << 10, 20 << 10).unwrap();
        let other = porch.place(&Some(named("b")), long_ago, 1, 1).unwrap();
        let quick = porch.place(&Some(named("a")), Instant::now(), 0, 0).unwrap();
        quick.take(10 << 10).unwrap();
        quick.take(10 << 10).unwrap();
        let refused = slow.sent_away().await;
        assert_eq!(refused.status(), 503);
        assert!(slow.take(1).is_ok(), "it is not counted any more");
        drop(slow);
        other.take(1).unwrap();
        assert_eq!(quick.take(1 << 20).unwrap_err().status(), 503, "nobody else of the tenant is left");
        assert_eq!(porch.0.sent_away.value(), 2);
    }
}
