//! How a request comes to its turn: the gate, the memory for its body, and the porch for a body that comes slowly.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http::header::EXPECT;

use super::EdgeSettings;
use super::arriving::{Arriving, Begun, begun};
use super::gate::{Gate, Tenant, Turn};
use super::porch::Porch;
use super::room::{Announced, Room, Taken};
use crate::Problem;
use crate::metrics::Registry;

/// All that stands between a request and its handler.
#[derive(Debug)]
pub(super) struct Doors {
    pub(super) gate: Gate,
    pub(super) porch: Porch,
    bodies: Room,
    queue_patience: Duration,
    pub(super) body_patience: Duration,
}

/// The right to be at work, with memory for the body.
#[derive(Debug)]
pub(super) struct Stay {
    _turn: Turn,
    _memory: Taken,
}

/// A request whose body is still on its way: it is at work now, and waits then.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) doors: Arc<Doors>,
    pub(super) tenant: Tenant,
    stay: Mutex<Option<Stay>>,
}

/// What is held until the answer is there.
#[derive(Debug)]
pub(super) enum Held {
    /// The body has come.
    Stay { _stay: Stay },
    /// The body is on its way, and says itself when it needs a turn.
    Visit { _visit: Arc<Visit> },
}

impl Doors {
    pub(super) fn new(settings: &EdgeSettings, registry: &Registry) -> Self {
        Self {
            gate: Gate::new(settings, registry),
            porch: Porch::new(settings.body_bytes, registry),
            bodies: Room::for_bodies(settings.body_bytes, registry),
            queue_patience: settings.queue_patience,
            body_patience: settings.body_patience,
        }
    }

    /// Lets a request in once it is its turn.
    ///
    /// Most bodies come together with their head; the turn is for such a request as a whole. Where more is to come,
    /// the turn is for the head alone, and the body takes another one when enough of it is there.
    pub(super) async fn admit<B>(
        self: &Arc<Self>,
        request: Request<B>,
        tenant: Tenant,
    ) -> Result<(Request<Body>, Held), Problem>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let (head, mut body) = request.into_parts();
        // RFC 9110 §10.1.1: whoever asks before it sends is told to go on once a handler wants the body.
        let begun = if head.headers.contains_key(EXPECT) { Begun::Not } else { begun(&mut body).await? };
        let first = match begun {
            Begun::Wholly(bytes) => {
                let length = bytes.len() as u64;
                let stay = self.enter(tenant, Announced::exactly(length), Some(self.queue_patience)).await?;
                return Ok((Request::from_parts(head, Body::from(bytes)), Held::Stay { _stay: stay }));
            }
            Begun::Partly(first) => first,
            Begun::Not => Bytes::new(),
        };
        let stay = self.enter(tenant.clone(), Announced::exactly(0), Some(self.queue_patience)).await?;
        let visit = Arc::new(Visit { doors: Arc::clone(self), tenant, stay: Mutex::new(Some(stay)) });
        let arriving = Arriving::new(Body::new(body), first, Announced::by(&head.headers), Arc::clone(&visit));
        Ok((Request::from_parts(head, arriving.into_body()), Held::Visit { _visit: visit }))
    }

    /// Waits for a turn, then for memory; whoever has no patience left is turned away, none has it without end.
    async fn enter(&self, tenant: Tenant, body: Announced, patience: Option<Duration>) -> Result<Stay, Problem> {
        let turn = match patience {
            Some(_) => self.gate.enter(tenant, body.length()).await?,
            None => self.gate.enter_again(tenant, body.length()).await?,
        };
        // Only behind the gate, so that those who wait in one tenant's lane take no room from the others.
        Ok(Stay { _turn: turn, _memory: self.bodies.enter(body, patience).await? })
    }
}

impl Visit {
    /// Gives the turn back, and the memory that is not used yet.
    pub(super) fn step_back(&self) {
        // Dropped outside of the lock: a turn that is given back is handed on at once.
        let stay = self.stay.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(stay);
    }

    /// Waits for a turn for what has come. Whoever has begun to work on the body is not turned away any more.
    pub(super) async fn step_in(&self, body: Announced, has_begun: bool) -> Result<(), Problem> {
        let patience = (!has_begun).then_some(self.doors.queue_patience);
        let stay = self.doors.enter(self.tenant.clone(), body, patience).await?;
        *self.stay.lock().unwrap_or_else(PoisonError::into_inner) = Some(stay);
        Ok(())
    }
}
