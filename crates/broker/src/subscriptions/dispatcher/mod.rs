//! Brings what is due to its receivers.
//!
//! One task decides, all others only do what it gives away and come back with what came of it, so that nothing
//! here is locked. A notification goes straight from memory to its receiver as long as that goes well. Where one
//! fails, or waits too long for a machine in trouble, its subscription changes over to waiting: what is due is
//! written down and sent from there, in order, until nothing is left. So no receiver holds back another, and the
//! feed is settled up to wherever everything is delivered or written down.

mod door;
mod host;
mod line;
mod open;
mod periods;
mod room;
mod saving;
mod task;
mod waiting;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use machi_http::Shutdown;
use machi_store::Position;
use machi_types::{TenantId, Timestamp};
use rustc_hash::FxHashMap;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::domain::period::next_due;
use super::domain::subscription::{Subscription, SubscriptionKey, Timing};
use super::due::{Due, Order};
use super::frontier::Frontier;
use super::hub::{Hub, Meters};
use super::periodic::Round;
use door::Door;
use host::Host;
use line::{Flow, Line};
use saving::Saving;
use task::Done;
pub(super) use task::Tools;

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(20);
/// How often, while nothing but the feed can bring work.
const IDLE_TICK: Duration = Duration::from_millis(200);
/// How often it is looked for what waits too long.
const RELIEF: Duration = Duration::from_millis(100);
/// How long what is under way may take when the city closes.
const GRACE: Duration = Duration::from_secs(2);

/// The dispatcher.
pub(super) struct Dispatcher {
    tools: Tools,
    hub: Arc<Hub>,
    meters: Meters,
    room: Arc<Semaphore>,
    tasks: JoinSet<Done>,
    lines: FxHashMap<SubscriptionKey, Line>,
    hosts: FxHashMap<Box<str>, Host>,
    doors: FxHashMap<Box<str>, Door>,
    /// How many lines wait.
    waiting: usize,
    /// When lines that wait are to be looked at.
    alarms: BTreeSet<(Instant, SubscriptionKey)>,
    /// What is to be written down.
    to_park: Vec<Due>,
    is_parking: bool,
    /// After a failure it is not tried before.
    park_not_before: Instant,
    /// Until then what is to wait gathers, unless it is many.
    park_again: Instant,
    frontier: Frontier,
    saving: Saving,
    /// When periodic subscriptions are due, and which.
    periods: BTreeSet<(Timestamp, u64)>,
    periodic: FxHashMap<SubscriptionKey, (u64, Timestamp, Arc<Subscription>)>,
    periodic_keys: FxHashMap<u64, SubscriptionKey>,
    next_period: u64,
    gathering: usize,
    /// What the clock has made due and is not gathered yet.
    rounds: Vec<Round>,
    under_way: usize,
    /// Those of them that go to endpoints in trouble.
    troubled: usize,
    next_relief: Instant,
    /// Turns with every use, so that rests differ.
    dice: u64,
}

impl Dispatcher {
    /// A dispatcher that goes on with what waits in the store.
    pub(super) fn new(tools: Tools, hub: Arc<Hub>, room: Arc<Semaphore>, after: Position) -> Self {
        let meters = hub.meters.read().clone();
        let saving = Saving::new(&tools.config);
        Self {
            tools,
            hub,
            meters,
            room,
            tasks: JoinSet::new(),
            lines: FxHashMap::default(),
            hosts: FxHashMap::default(),
            doors: FxHashMap::default(),
            waiting: 0,
            alarms: BTreeSet::new(),
            to_park: Vec::new(),
            is_parking: false,
            park_not_before: Instant::now(),
            park_again: Instant::now(),
            frontier: Frontier::at(after),
            saving,
            periods: BTreeSet::new(),
            periodic: FxHashMap::default(),
            periodic_keys: FxHashMap::default(),
            next_period: 0,
            gathering: 0,
            rounds: Vec::new(),
            under_way: 0,
            troubled: 0,
            next_relief: Instant::now(),
            dice: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// What waits in the store for a subscription goes on; what waits for one that is gone is cleared away.
    pub(super) fn resume(&mut self, key: &SubscriptionKey, subscription: Option<Arc<Subscription>>) {
        let now = Instant::now();
        self.waiting += 1;
        self.lines.insert(key.clone(), Line::waiting(subscription, now));
        self.look_at(key, now);
    }

    /// Works until the city closes, and then until what is under way has come to its end.
    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>, mut shutdown: Shutdown) {
        let mut next_tick = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = shutdown.begun() => break,
                Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => self.done(done),
                order = orders.recv() => match order {
                    Some(order) => self.order(order),
                    None => break,
                },
                () = sleep_until(next_tick) => {
                    self.tick();
                    next_tick = Instant::now() + if self.is_idle() { IDLE_TICK } else { TICK };
                }
            }
            self.park();
        }
        self.close().await;
    }

    fn is_idle(&self) -> bool {
        self.lines.is_empty() && self.periods.is_empty()
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Defined(subscription) => self.defined(subscription),
            Order::Removed(key) => self.removed(&key),
            Order::Erased(tenant) => self.erased(&tenant),
            Order::Due(due) => {
                if let Some(chunk) = due.first().and_then(|due| due.chunk) {
                    self.frontier.begin(chunk, due.len() as u64);
                }
                due.into_iter().for_each(|due| self.take(due));
            }
            Order::Read(chunk) => {
                let settled = self.frontier.end(chunk);
                self.saving.settled(settled);
            }
        }
    }

    /// A subscription is new, or was changed.
    pub(super) fn defined(&mut self, subscription: Arc<Subscription>) {
        let key = subscription.key.clone();
        self.forget_period(&key);
        if let (Timing::Periodic(period), true) = (subscription.timing, subscription.is_active) {
            let now = self.tools.broker.clock.now();
            self.expect_period(Arc::clone(&subscription), next_due(subscription.defined_at, period, now));
        }
        if let Some(line) = self.lines.get_mut(&key) {
            line.subscription = Some(subscription);
            if let Flow::Waiting(waiting) = &mut line.flow {
                // Whatever was wrong may be right now.
                waiting.next = Instant::now();
                self.look_at(&key, Instant::now());
            }
        }
    }

    /// §5.8.5.4: "no longer perform notifications concerning such Subscription".
    fn removed(&mut self, key: &SubscriptionKey) {
        self.forget_period(key);
        self.hub.forget(key);
        let gone = self.take_gathered(key);
        for due in &gone {
            self.settle(due);
        }
        let Some(line) = self.lines.get_mut(key) else { return };
        line.subscription = None;
        match &mut line.flow {
            Flow::Open(open) => {
                for due in open.drain() {
                    self.settle(&due);
                }
                self.drop_if_idle(key);
            }
            Flow::Waiting(waiting) => {
                waiting.gathered = waiting.gathered.saturating_sub(gone.len());
                waiting.next = Instant::now();
                self.look_at(key, Instant::now());
            }
        }
    }

    /// A tenant is gone, with all its subscriptions.
    fn erased(&mut self, tenant: &TenantId) {
        let keys = self.lines.keys().chain(self.periodic.keys()).filter(|key| key.tenant == *tenant);
        let keys: Vec<SubscriptionKey> = keys.cloned().collect();
        keys.iter().for_each(|key| self.removed(key));
    }

    /// A notification is due.
    fn take(&mut self, due: Due) {
        self.meters.due.inc();
        let key = due.subscription.key.clone();
        let line = self.lines.entry(key.clone()).or_insert_with(|| Line::open(Arc::clone(&due.subscription)));
        match &mut line.flow {
            Flow::Open(open) => {
                open.queue.push_back(due);
                self.start(&key);
            }
            Flow::Waiting(waiting) => {
                waiting.gathered += 1;
                self.to_park.push(due);
            }
        }
    }

    /// A notification is delivered, written down, or no longer wanted.
    fn settle(&mut self, due: &Due) {
        self.room.add_permits(usize::from(due.chunk.is_some()));
        if let Some(chunk) = due.chunk {
            let settled = self.frontier.settle(chunk);
            self.saving.settled(settled);
        }
    }

    fn done(&mut self, done: Result<Done, tokio::task::JoinError>) {
        let done = match done {
            Ok(done) => done,
            // The frontier stays where it is, so that the notifier sends it when it has begun again.
            Err(error) => match error.try_into_panic() {
                Ok(cause) => std::panic::resume_unwind(cause),
                Err(_) => return,
            },
        };
        match done {
            Done::Sent { due, way, sent } => self.sent(due, &way, &sent),
            Done::SentRow { key, way, sent } => self.sent_row(&key, &way, &sent),
            Done::Parked { due, result } => self.parked(due, result),
            Done::Loaded { key, rows } => self.loaded(&key, rows),
            Done::Changed { key, what, result } => self.changed(&key, what, result),
            Done::Purged { key, result } => self.purged(&key, result),
            Done::Saved { position, figures, result } => self.saved(position, figures, result),
            Done::LookedUp { key, subscription } => self.looked_up(key, subscription),
            Done::Gathered { subscription, due } => self.gathered(&subscription, due),
            Done::Cleared(result) => {
                if let Err(error) = result {
                    tracing::warn!(%error, "old dead letters could not be cleared away");
                }
            }
        }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        self.start_periods();
        if now >= self.next_relief {
            self.next_relief = now + RELIEF;
            self.relieve(now);
        }
        self.hub.take_replayed().into_iter().for_each(|key| self.replay(key));
        self.ring(now);
        self.save(now);
        self.hosts.retain(|_, host| !host.is_idle());
        self.doors.retain(|_, door| !door.is_idle());
        self.measure();
    }

    fn measure(&self) {
        self.meters.waiting.set(self.waiting as i64);
        self.meters.held.set((self.tools.config.held.max(1)).saturating_sub(self.room.available_permits()) as i64);
        let newest = self.tools.broker.store.known_position();
        self.meters.lag.set(newest.bucket(0).saturating_sub(self.frontier.place().bucket(0)) as i64);
    }

    /// A dead letter waits again.
    fn replay(&mut self, key: SubscriptionKey) {
        match self.lines.get_mut(&key).map(|line| &mut line.flow) {
            Some(Flow::Waiting(waiting)) => {
                waiting.has_more = true;
                waiting.next = Instant::now();
                self.look_at(&key, Instant::now());
            }
            // What is under way goes first; then the line changes over, and finds the row.
            Some(Flow::Open(open)) => {
                open.is_closing = true;
                self.change_over(&key);
            }
            None => {
                self.tasks.spawn(self.tools.clone().look_up(key));
            }
        }
    }

    /// A subscription that something waits for was looked up.
    fn looked_up(&mut self, key: SubscriptionKey, subscription: Option<Arc<Subscription>>) {
        if self.lines.contains_key(&key) {
            self.replay(key);
        } else {
            self.resume(&key, subscription);
        }
    }

    /// A number between 0 and 1 that differs from call to call (a xorshift generator).
    fn throw(&mut self) -> f64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn drop_if_idle(&mut self, key: &SubscriptionKey) {
        if self.lines.get(key).is_some_and(Line::is_idle) {
            self.lines.remove(key);
        }
    }

    /// Ends what is under way, and writes down how far everything is settled.
    async fn close(mut self) {
        self.hurry();
        let end = Instant::now() + GRACE;
        while !self.tasks.is_empty() {
            match tokio::time::timeout_at(end, self.tasks.join_next()).await {
                Ok(Some(done)) => self.ended(done),
                Ok(None) => break,
                Err(_) => {
                    self.tasks.shutdown().await;
                    break;
                }
            }
        }
        self.forget_delivered();
        self.save_all();
        while let Some(done) = self.tasks.join_next().await {
            self.ended(done);
        }
    }

    /// Takes the result of what was under way, without beginning anything new.
    fn ended(&mut self, done: Result<Done, tokio::task::JoinError>) {
        match done {
            Ok(Done::Sent { due, sent, .. }) => {
                self.count(&due.subscription, &sent, due.time);
                if sent.refusal.is_none() {
                    self.settle(&due);
                }
            }
            Ok(Done::SentRow { key, sent, .. }) if sent.refusal.is_none() => self.row_is_delivered(&key),
            Ok(Done::Parked { due, result: Ok(()) }) => due.iter().for_each(|due| self.settle(due)),
            Ok(Done::Saved { position, figures, result }) => self.saved(position, figures, result),
            _ => {}
        }
    }
}
