//! How many imports may be at work at once: each holds a thread, and memory for a batch.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use machi_http::{Problem, Text};
use machi_types::{ErrorKind, TenantId};

/// When to come again.
const LATER: Duration = Duration::from_secs(5);

/// The places of imports; a tenant has at most as many as are free beside it, so that each leaves some to the next.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    taken: Mutex<HashMap<TenantId, usize>>,
}

/// The place of one import, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    tenant: TenantId,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: Mutex::default() }
    }

    /// A place for an import of this tenant, unless too many are taken.
    pub(super) fn take(self: &Arc<Self>, tenant: &TenantId) -> Result<Place, Problem> {
        let mut taken = self.lock();
        let free = self.most.saturating_sub(taken.values().sum());
        let own = taken.get(tenant).copied().unwrap_or(0);
        if own >= free {
            return Err(self.refused());
        }
        taken.insert(tenant.clone(), own + 1);
        Ok(Place { places: Arc::clone(self), tenant: tenant.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> Problem {
        let most = self.most;
        Problem::new(
            ErrorKind::Unavailable,
            Text::both(
                format!(
                    "too many imports are at work, of {most} at most ([limits] imports); try again after the time in Retry-After"
                ),
                format!(
                    "同時に行える取り込みは最大{most}件です([limits] imports)。Retry-Afterの時間が経ってから再試行してください"
                ),
            ),
        )
        .retry_after(LATER)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(own) = taken.get_mut(&self.tenant) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenant_leaves_places_to_the_next() {
        let places = Arc::new(Places::new(8));
        let fill = |name: &str| {
            let tenant: TenantId = name.parse().unwrap();
            std::iter::from_fn(|| places.take(&tenant).ok()).collect::<Vec<_>>()
        };
        let (first, second, third) = (fill("a"), fill("b"), fill("c"));
        assert_eq!([first.len(), second.len(), third.len()], [4, 2, 1]);
        drop((first, second));
        assert!(!fill("c").is_empty());
        drop(third);
        assert!(places.lock().is_empty());
        let one = Arc::new(Places::new(1));
        let held = one.take(&TenantId::default_tenant()).unwrap();
        assert_eq!(one.take(&"a".parse().unwrap()).unwrap_err().status(), 503);
        drop(held);
        assert!(one.take(&"a".parse().unwrap()).is_ok());
    }
}
