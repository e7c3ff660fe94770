//! How many requests may be at work at once, and how many may wait; beyond that the answer is 503 at once.
//!
//! Each tenant waits in lanes of its own, one for long bodies and one for the rest, and the lanes take turns. While
//! several tenants ask, one alone may hold no more than its share, so that a flood of one leaves the others' answers
//! as quick as they were (docs/adr/0010).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use machi_types::ErrorKind;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::EdgeSettings;
use super::pressure::Pressure;
use crate::metrics::{Counter, Registry};
use crate::{Crowd, Problem, Text};

/// From so many lanes on, those at rest are forgotten now and then.
const MANY_LANES: usize = 1024;
/// A body of this size makes a request weigh one more.
const BYTES_PER_TURN: u64 = 64 << 10;

/// A tenant, as the header names it; nothing for the default one.
pub(super) type Tenant = Option<HeaderValue>;

/// The door to the handlers.
#[derive(Clone, Debug)]
pub(super) struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    turns: usize,
    /// The most that one tenant may have at work beside others, however calm it is.
    share: usize,
    longest_queue: usize,
    patience: Duration,
    turned_away: Counter,
}

/// Whose requests stand in a lane, and of which kind they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct LaneKey {
    tenant: Tenant,
    /// Short requests never wait behind long bodies.
    is_long: bool,
}

#[derive(Debug)]
struct State {
    at_work: usize,
    waiting: usize,
    lanes: HashMap<LaneKey, Lane>,
    /// The lanes in which somebody waits, in the order of their turns.
    round: VecDeque<LaneKey>,
    crowd: Crowd<Tenant>,
    pressure: Pressure,
}

#[derive(Debug, Default)]
struct Lane {
    at_work: usize,
    waiting: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    weight: usize,
    turn: oneshot::Sender<Turn>,
}

/// A request's right to be at work, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    gate: Arc<Inner>,
    lane: LaneKey,
    weight: usize,
}

impl Gate {
    pub(super) fn new(settings: &EdgeSettings, registry: &Registry) -> Self {
        let turned_away =
            registry.counter("machi_http_overload", "Requests answered 503 because too many were waiting.", &[]);
        let turns = settings.concurrency.max(1);
        let share = settings.share.clamp(1, turns);
        Self(Arc::new(Inner {
            state: Mutex::new(State::new(share)),
            turns,
            share,
            longest_queue: settings.queue,
            patience: settings.queue_patience,
            turned_away,
        }))
    }

    /// Takes note of a tenant that asks for what needs no turn; whoever enters is noted anyway.
    pub(super) fn note(&self, tenant: &Tenant) {
        self.0.lock().crowd.note(tenant);
    }

    /// Waits for a turn. A request weighs the more the longer its body is.
    pub(super) async fn enter(&self, tenant: Tenant, body: u64) -> Result<Turn, Problem> {
        let patience = self.0.patience;
        timeout(patience, self.wait(tenant, body, true)).await.unwrap_or_else(|_| Err(self.0.turn_away()))
    }

    /// Waits for another turn as long as it takes: what was begun is not turned away.
    pub(super) async fn enter_again(&self, tenant: Tenant, body: u64) -> Result<Turn, Problem> {
        self.wait(tenant, body, false).await
    }

    async fn wait(&self, tenant: Tenant, body: u64, is_bounded: bool) -> Result<Turn, Problem> {
        let inner = &self.0;
        let weight = usize::try_from(body / BYTES_PER_TURN).unwrap_or(usize::MAX).saturating_add(1).min(inner.share);
        let lane = LaneKey { tenant, is_long: weight > 1 };
        let waits = {
            let mut state = inner.lock();
            state.crowd.note(&lane.tenant);
            state.pressure.look();
            if state.waiting == 0 && inner.has_room(&state, &lane, weight) {
                return Ok(inner.take(&mut state, lane, weight));
            }
            let is_turned_away = is_bounded && inner.is_full(&state, &lane);
            if is_turned_away { None } else { Some(state.queue(lane.clone(), weight)) }
        };
        let Some(receiver) = waits else { return Err(inner.turn_away()) };
        // Others may have room although those before them do not.
        inner.hand_out();
        let _place = Place { gate: inner, lane };
        receiver.await.map_err(|_| inner.turn_away())
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a request of a lane may go to work now.
    fn has_room(&self, state: &State, lane: &LaneKey, weight: usize) -> bool {
        let own = state.lanes.get(lane).map_or(0, |lane| lane.at_work);
        let most = if state.crowd.others_ask(&lane.tenant) { state.pressure.share() } else { self.turns };
        state.at_work + weight <= self.turns && (own == 0 || own + weight <= most)
    }

    /// Whether nobody else may queue in a lane. One fills three quarters of the queue at most: the rest is for the others.
    fn is_full(&self, state: &State, lane: &LaneKey) -> bool {
        let in_lane = state.lanes.get(lane).map_or(0, |lane| lane.waiting.len());
        let longest = self.longest_queue;
        state.waiting >= longest || in_lane >= longest - longest / 4
    }

    fn take(self: &Arc<Self>, state: &mut State, lane: LaneKey, weight: usize) -> Turn {
        state.at_work += weight;
        if let Some(known) = state.lanes.get_mut(&lane) {
            known.at_work += weight;
        } else {
            state.forget_resting();
            state.lanes.insert(lane.clone(), Lane { at_work: weight, waiting: VecDeque::new() });
        }
        Turn { gate: Arc::clone(self), lane, weight }
    }

    /// Gives free turns to those who wait, one lane after the other.
    fn hand_out(self: &Arc<Self>) {
        // Outside of the lock: a turn that nobody takes any more comes back at once, and locks again.
        let granted = {
            let mut state = self.lock();
            let mut granted = Vec::new();
            let mut passed = 0;
            while passed < state.round.len() {
                let Some(key) = state.round.pop_front() else { break };
                let first = state.lanes.get(&key).and_then(|lane| lane.waiting.front()).map(|waiter| waiter.weight);
                let Some(weight) = first else { continue };
                if self.has_room(&state, &key, weight) {
                    passed = 0;
                    let waiter = state.lanes.get_mut(&key).and_then(|lane| lane.waiting.pop_front());
                    state.waiting -= usize::from(waiter.is_some());
                    let turn = self.take(&mut state, key.clone(), weight);
                    granted.extend(waiter.map(|waiter| (waiter, turn)));
                } else {
                    passed += 1;
                }
                if state.lanes.get(&key).is_some_and(|lane| !lane.waiting.is_empty()) {
                    state.round.push_back(key);
                }
            }
            granted
        };
        for (waiter, turn) in granted {
            // Whoever went away gives the turn back by dropping it.
            let _ = waiter.turn.send(turn);
        }
    }

    fn turn_away(&self) -> Problem {
        self.turned_away.inc();
        Problem::new(
            ErrorKind::Unavailable,
            Text::both(
                "too many requests are at work and waiting ([server] requests, queue, queue_timeout); try again after the time in \
                 Retry-After",
                "処理中および待機中のリクエストが多すぎます([server] requests, queue, queue_timeout)。\
                 Retry-Afterの時間が経ってから再試行してください",
            ),
        )
        .retry_after(Duration::from_secs(1))
    }
}

impl State {
    fn new(share: usize) -> Self {
        Self {
            at_work: 0,
            waiting: 0,
            lanes: HashMap::new(),
            round: VecDeque::new(),
            crowd: Crowd::default(),
            pressure: Pressure::new(share),
        }
    }

    fn queue(&mut self, key: LaneKey, weight: usize) -> oneshot::Receiver<Turn> {
        let (turn, receiver) = oneshot::channel();
        let lane = self.lanes.entry(key.clone()).or_default();
        if lane.waiting.is_empty() {
            self.round.push_back(key);
        }
        lane.waiting.push_back(Waiter { weight, turn });
        self.waiting += 1;
        receiver
    }

    /// Anybody may name any tenant; the lanes of those who are gone must not pile up.
    fn forget_resting(&mut self) {
        if self.lanes.len() >= MANY_LANES {
            self.lanes.retain(|_, lane| lane.at_work > 0 || !lane.waiting.is_empty());
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let is_waited_for = {
            let mut state = self.gate.lock();
            state.at_work -= self.weight;
            if let Some(lane) = state.lanes.get_mut(&self.lane) {
                lane.at_work -= self.weight;
            }
            state.waiting > 0
        };
        if is_waited_for {
            self.gate.hand_out();
        }
    }
}

/// A place in a lane; those that were left are cleared away when it is dropped, also when the client goes away.
struct Place<'g> {
    gate: &'g Inner,
    lane: LaneKey,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        let Some(lane) = state.lanes.get_mut(&self.lane) else { return };
        let before = lane.waiting.len();
        lane.waiting.retain(|waiter| !waiter.turn.is_closed());
        let left = before - lane.waiting.len();
        let is_empty = lane.waiting.is_empty();
        state.waiting -= left;
        if is_empty {
            state.round.retain(|key| *key != self.lane);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(turns: usize, queue: usize, patience: u64) -> Gate {
        let settings = EdgeSettings {
            concurrency: turns,
            share: 2,
            body_bytes: 1 << 20,
            answer_bytes: 1 << 20,
            queue,
            queue_patience: Duration::from_millis(patience),
            body_patience: Duration::from_secs(1),
            always: Vec::new(),
            origins: super::super::Origins::any(),
            gzip_from: 0,
            slow: Duration::from_secs(1),
            peers: super::super::Peers::loopback_and(Vec::new()),
        };
        Gate::new(&settings, &Registry::new())
    }

    fn named(tenant: &'static str) -> HeaderValue {
        HeaderValue::from_static(tenant)
    }

    #[tokio::test]
    async fn the_queue_is_bounded_in_length_and_time() {
        let gate = gate(1, 1, 30);
        let turn = gate.enter(None, 0).await.unwrap();
        let (waited, refused) = tokio::join!(gate.enter(None, 0), gate.enter(None, 0));
        assert_eq!(waited.unwrap_err().status(), 503);
        assert_eq!(refused.unwrap_err().status(), 503);
        drop(turn);
        assert!(gate.enter(None, 0).await.is_ok());
        let state = gate.0.lock();
        assert_eq!((state.waiting, state.at_work, state.round.len()), (0, 0, 0));
        assert_eq!(gate.0.turned_away.value(), 2);
    }

    #[tokio::test]
    async fn a_tenant_alone_takes_all_turns_and_beside_others_its_share() {
        let gate = gate(8, 100, 30);
        let alone: Vec<Turn> = futures_util::future::join_all((0..8).map(|_| gate.enter(Some(named("a")), 0)))
            .await
            .into_iter()
            .collect::<Result<_, _>>()
            .unwrap();
        drop(alone);
        let other = gate.enter(Some(named("b")), 0).await.unwrap();
        let (one, two) =
            (gate.enter(Some(named("a")), 0).await.unwrap(), gate.enter(Some(named("a")), 0).await.unwrap());
        assert!(gate.enter(Some(named("a")), 0).await.is_err(), "two are its share");
        assert!(gate.enter(Some(named("c")), 0).await.is_ok(), "others are not held up by those who wait");
        drop((one, two, other));
        // A long body weighs as much as the whole share; short ones do not wait behind it.
        let long = gate.enter(Some(named("a")), 1 << 30).await.unwrap();
        assert!(gate.enter(Some(named("a")), BYTES_PER_TURN).await.is_err());
        assert!(gate.enter(Some(named("a")), 0).await.is_ok());
        drop(long);
        assert!(gate.enter(Some(named("a")), BYTES_PER_TURN).await.is_ok());
    }

    #[tokio::test]
    async fn lanes_take_turns_whoever_came_in_greater_number() {
        let gate = gate(1, 100, 5000);
        let first = gate.enter(Some(named("a")), 0).await.unwrap();
        let order = Mutex::new(String::new());
        let go = async |name: &'static str| {
            let _turn = gate.enter(Some(named(name)), 0).await.unwrap();
            order.lock().unwrap().push_str(name);
        };
        let open = async {
            tokio::task::yield_now().await;
            drop(first);
        };
        tokio::join!(go("a"), go("a"), go("a"), go("b"), go("c"), open);
        assert_eq!(*order.lock().unwrap(), "abcaa");
    }

    #[tokio::test]
    async fn whoever_goes_away_leaves_no_turn_behind() {
        let gate = gate(1, 100, 5000);
        let turn = gate.enter(None, 0).await.unwrap();
        let gone = timeout(Duration::from_millis(5), gate.enter(None, 0)).await;
        assert!(gone.is_err());
        assert_eq!(gate.0.lock().waiting, 0);
        drop(turn);
        assert_eq!(gate.0.lock().at_work, 0);
    }
}
