//! When numbers of subscriptions and the place in the feed are written down.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use machi_store::{Position, StoreError};
use rustc_hash::FxHashMap;
use tokio::time::{Duration, Instant};

use super::Dispatcher;
use crate::subscriptions::config::SubscriptionsConfig;
use crate::subscriptions::domain::counters::{Counters, Figures};
use crate::subscriptions::domain::subscription::{Subscription, SubscriptionKey};
use crate::subscriptions::frontier::Settled;

/// How often old dead letters are looked for.
const CLEARING: Duration = Duration::from_mins(10);

/// What others write need not be read again for ever.
const QUIET: Duration = Duration::from_mins(1);

/// What is to be written down, and when.
#[derive(Debug)]
pub(super) struct Saving {
    /// Subscriptions whose numbers have changed.
    touched: FxHashMap<SubscriptionKey, Arc<Counters>>,
    /// Those of them that must be written down before the place in the feed is.
    throttled: FxHashMap<SubscriptionKey, Arc<Counters>>,
    has_news: bool,
    is_busy: bool,
    /// Whether the city closes, so that what is being written down makes haste.
    is_closing: Arc<AtomicBool>,
    next_place: Instant,
    /// When the place is written down even if only what others wrote lies before it.
    next_quiet_place: Instant,
    next_figures: Instant,
    next_clearing: Instant,
}

impl Saving {
    pub(super) fn new(config: &SubscriptionsConfig) -> Self {
        let now = Instant::now();
        Self {
            touched: FxHashMap::default(),
            throttled: FxHashMap::default(),
            has_news: false,
            is_busy: false,
            is_closing: Arc::default(),
            next_place: now + Duration::from_millis(config.cursor_millis),
            next_quiet_place: now + QUIET,
            next_figures: now + Duration::from_millis(config.figures_millis),
            next_clearing: now + CLEARING,
        }
    }

    /// The numbers of a subscription have changed.
    pub(super) fn touch(&mut self, subscription: &Subscription) {
        if !self.touched.contains_key(&subscription.key) {
            self.touched.insert(subscription.key.clone(), Arc::clone(&subscription.counters));
        }
    }

    /// The feed is settled a bit further.
    pub(super) fn settled(&mut self, settled: Settled) {
        self.has_news |= settled.is_news;
        for (key, counters, due) in settled.throttled {
            counters.settled(due);
            self.throttled.insert(key, counters);
        }
    }

    /// The numbers to be written now.
    fn take_figures(&mut self, all: bool) -> Vec<(SubscriptionKey, Arc<Counters>, Figures)> {
        let mut counters = std::mem::take(&mut self.throttled);
        if all {
            counters.extend(std::mem::take(&mut self.touched));
        }
        let changed = counters.into_iter().filter_map(|(key, counters)| {
            let figures = counters.take_changed()?;
            Some((key, counters, figures))
        });
        let mut figures: Vec<_> = changed.collect();
        figures.sort_by(|(one, ..), (other, ..)| one.tenant.cmp(&other.tenant));
        figures
    }
}

impl Dispatcher {
    /// Writes down what is worth it by now.
    pub(super) fn save(&mut self, now: Instant) {
        if now >= self.saving.next_clearing {
            self.saving.next_clearing = now + CLEARING;
            self.tasks.spawn(self.tools.clone().clear());
        }
        if self.saving.is_busy {
            return;
        }
        let is_time_for_figures = now >= self.saving.next_figures;
        if now >= self.saving.next_quiet_place {
            self.saving.next_quiet_place = now + QUIET;
            self.saving.has_news |= self.frontier.has_moved();
        }
        let is_time_for_place = now >= self.saving.next_place && self.saving.has_news;
        if !is_time_for_figures && !is_time_for_place {
            return;
        }
        let config = &self.tools.config;
        if is_time_for_figures {
            self.saving.next_figures = now + Duration::from_millis(config.figures_millis);
        }
        self.saving.next_place = now + Duration::from_millis(config.cursor_millis);
        self.save_now(is_time_for_figures);
    }

    /// What is being written down makes haste from now on.
    pub(super) fn hurry(&self) {
        self.saving.is_closing.store(true, Ordering::Relaxed);
    }

    /// Writes everything down, because the city closes.
    pub(super) fn save_all(&mut self) {
        self.save_now(true);
    }

    fn save_now(&mut self, all: bool) {
        let has_news = std::mem::take(&mut self.saving.has_news);
        let position = if has_news { self.frontier.take_settled() } else { None };
        let figures = self.saving.take_figures(all);
        if position.is_none() && figures.is_empty() {
            return;
        }
        self.saving.is_busy = true;
        self.tasks.spawn(self.tools.clone().save(position, figures, Arc::clone(&self.saving.is_closing)));
    }

    /// It was written down, or not.
    pub(super) fn saved(
        &mut self,
        position: Option<Position>,
        figures: Vec<(SubscriptionKey, Arc<Counters>)>,
        result: Result<(), StoreError>,
    ) {
        self.saving.is_busy = false;
        let Err(error) = result else { return };
        tracing::warn!(%error, "how far the feed is settled could not be written down; trying again");
        if let Some(position) = position {
            self.frontier.put_back(position);
            self.saving.has_news = true;
        }
        for (key, counters) in figures {
            counters.put_back();
            self.saving.throttled.insert(key, counters);
        }
        // A store that takes nothing is not asked all the time.
        self.saving.next_place = Instant::now() + Duration::from_secs(1);
    }
}
