//! Who may send now: within bounds for each address, for each machine, and in all.
//!
//! Whoever may not stands in the queue of the door, and the door, where it has room itself, in that of its host,
//! which lets the doors in by turns.

use std::sync::Arc;

use tokio::time::Instant;

use super::Dispatcher;
use super::door::Door;
use super::host::Host;
use super::line::Flow;
use crate::subscriptions::domain::endpoint::Endpoint;
use crate::subscriptions::domain::subscription::SubscriptionKey;
use crate::subscriptions::send::Sent;

/// Where something was sent.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) endpoint: Arc<Endpoint>,
    /// Whether it was among those in trouble, which together get half of all room.
    is_troubled: bool,
}

impl Dispatcher {
    /// Whether one more may go to an endpoint now; where it may not, the line waits for its turn.
    pub(super) fn admit(&mut self, key: &SubscriptionKey, endpoint: &Endpoint) -> bool {
        let (door_has_room, is_troubled) = self.ends(endpoint);
        if door_has_room && self.has_room(endpoint, is_troubled) {
            return true;
        }
        let Some(line) = self.lines.get_mut(key).filter(|line| !line.is_queued) else { return false };
        line.is_queued = true;
        if let Some(door) = self.doors.get_mut(endpoint.door()) {
            door.queue.push_back(key.clone());
        }
        self.queue_door(endpoint.door(), &endpoint.host);
        false
    }

    /// Whether there is room behind the door, and whether door or machine are in trouble.
    fn ends(&mut self, endpoint: &Endpoint) -> (bool, bool) {
        if !self.hosts.contains_key(&endpoint.host) {
            self.hosts.insert(endpoint.host.clone(), Host::default());
        }
        if !self.doors.contains_key(endpoint.door()) {
            self.doors.insert(endpoint.door().into(), Door::default());
        }
        let door_has_room = self.doors.get(endpoint.door()).is_some_and(|door| door.has_room(&self.tools.config));
        (door_has_room, self.is_in_trouble(endpoint))
    }

    fn has_room(&self, endpoint: &Endpoint, is_troubled: bool) -> bool {
        let config = &self.tools.config;
        let most = config.in_flight.max(2);
        self.under_way < most
            && (!is_troubled || self.troubled < most / 2)
            && self.hosts.get(&endpoint.host).is_none_or(|host| host.has_room(config, Instant::now()))
    }

    /// Something is sent to an endpoint that was admitted.
    pub(super) fn begin(&mut self, endpoint: &Arc<Endpoint>) -> Way {
        let (_, is_troubled) = self.ends(endpoint);
        if let Some(door) = self.doors.get_mut(endpoint.door()) {
            door.begin();
        }
        if let Some(host) = self.hosts.get_mut(&endpoint.host) {
            host.begin();
        }
        self.under_way += 1;
        self.troubled += usize::from(is_troubled);
        Way { endpoint: Arc::clone(endpoint), is_troubled }
    }

    /// Something that was sent has come to its end.
    pub(super) fn release(&mut self, way: &Way, sent: &Sent) {
        self.under_way = self.under_way.saturating_sub(1);
        self.troubled = self.troubled.saturating_sub(usize::from(way.is_troubled));
        let dice = self.throw();
        if let Some(door) = self.doors.get_mut(way.endpoint.door()) {
            door.end(sent);
        }
        if let Some(host) = self.hosts.get_mut(&way.endpoint.host) {
            host.end(sent, &self.tools.config, Instant::now(), dice);
        }
    }

    /// Lets those begin that wait for an endpoint, or for its machine.
    pub(super) fn wake(&mut self, endpoint: &Endpoint) {
        self.queue_door(endpoint.door(), &endpoint.host);
        self.wake_host(&endpoint.host);
    }

    /// A door with room behind which somebody waits stands in the queue of its host.
    fn queue_door(&mut self, name: &str, host: &str) {
        let (Some(door), Some(host)) = (self.doors.get_mut(name), self.hosts.get_mut(host)) else { return };
        if !door.is_queued && !door.queue.is_empty() && door.has_room(&self.tools.config) {
            door.is_queued = true;
            host.queue.push_back(name.into());
        }
    }

    /// Lets in one of each door by turns, until there is no room or nobody who would take it.
    pub(super) fn wake_host(&mut self, name: &str) {
        let mut in_vain = 0;
        loop {
            let Some(host) = self.hosts.get_mut(name) else { return };
            let has_room = host.has_room(&self.tools.config, Instant::now());
            if !has_room || self.under_way >= self.tools.config.in_flight.max(2) || in_vain > host.queue.len() {
                return;
            }
            let Some(door_name) = host.queue.pop_front() else { return };
            let Some(door) = self.doors.get_mut(&door_name) else { continue };
            door.is_queued = false;
            let before = self.under_way;
            if let Some(key) = door.queue.pop_front() {
                self.attend(&key);
            }
            self.queue_door(&door_name, name);
            in_vain = if self.under_way > before { 0 } else { in_vain + 1 };
        }
    }

    /// A line has its turn.
    fn attend(&mut self, key: &SubscriptionKey) {
        let Some(line) = self.lines.get_mut(key) else { return };
        line.is_queued = false;
        match line.flow {
            Flow::Open(_) => {
                self.start(key);
                self.drop_if_idle(key);
            }
            Flow::Waiting(_) => self.proceed(key),
        }
    }

    /// Whether door or machine of an endpoint are in trouble.
    pub(super) fn is_in_trouble(&self, endpoint: &Endpoint) -> bool {
        self.doors.get(endpoint.door()).is_some_and(Door::is_in_trouble)
            || self.hosts.get(&endpoint.host).is_some_and(Host::is_in_trouble)
    }
}
