//! The city as it was at an instant: its entities, and queries on them.

mod changed;
mod entities;
mod finding;
mod view;

use std::sync::Arc;

use machi_archive::Snapshot;
use machi_face::{AsOf, FaceError, Recall, Recalling};
use machi_http::Text;
use machi_store::{Position, StoreError, View};
use machi_types::{TenantId, Timestamp};

pub(crate) use self::changed::Remembered;
pub(crate) use self::entities::entities_at;
use self::view::Then;
use crate::history::History;

impl Recall for History {
    fn view_as_of<'a>(&'a self, tenant: &'a TenantId, as_of: &'a AsOf) -> Recalling<'a> {
        Box::pin(self.then(tenant, as_of))
    }
}

impl History {
    async fn then(&self, tenant: &TenantId, as_of: &AsOf) -> Result<(Arc<dyn View>, Timestamp), FaceError> {
        let erased = self.remembered.erased();
        // The past must reach at least as far as what stands for all that has not changed.
        let now = self.store().view();
        let newest = now.position().await?;
        let until = self.state.read().until;
        let past = self.past_of_all(tenant).await?;
        let at = self.instant(as_of, &newest).await?;
        check_kept(&*past, at)?;
        let store = (Arc::clone(self.store()), Arc::clone(&self.derive));
        let remembered = (Arc::clone(&self.remembered), (until, erased));
        Ok((Arc::new(Then::new(store, (past, now), remembered, (tenant.clone(), self.config.lists), at)), at))
    }

    /// The instant that is meant, where history knows it.
    pub(crate) async fn instant(&self, as_of: &AsOf, newest: &Position) -> Result<Timestamp, FaceError> {
        let at = match as_of {
            AsOf::Time(at) => *at,
            AsOf::Position(position) => self.time_of(position, newest).await?,
        };
        self.check_known(at)?;
        Ok(at)
    }

    fn check_known(&self, at: Timestamp) -> Result<(), FaceError> {
        let (begins, now) = (self.state.read().begins, self.face.clock.now());
        if begins.is_some_and(|begins| at < begins) {
            let begins = begins.unwrap_or(at);
            return Err(FaceError::bad_data(Text::both(
                format!("asOf: the history of this city begins at {begins}; {at} lies before it"),
                format!("asOf: この都市の履歴は{begins}から始まります。{at}はそれより前です"),
            )));
        }
        let last = self.state.read().until.max(now);
        if at <= last {
            return Ok(());
        }
        Err(FaceError::bad_data(Text::both(
            format!("asOf: {at} lies in the future; it is {now}"),
            format!("asOf: {at}は未来の日時です(現在は{now})"),
        )))
    }

    /// The time of the commit at a position, as long as the feed tells it.
    async fn time_of(&self, position: &Position, newest: &Position) -> Result<Timestamp, FaceError> {
        if !newest.reaches(position) {
            return Err(unknown_position(position));
        }
        let before = Position::single(position.bucket(0).saturating_sub(1));
        let entries = match self.store().feed(&before, 1).await {
            Ok((entries, _)) => entries,
            Err(StoreError::PositionGone(_)) => return Err(unknown_position(position)),
            Err(error) => return Err(error.into()),
        };
        match entries.first() {
            // What is behind it has not happened at it.
            Some(entry) if entry.commit > position.bucket(0) => Ok(Timestamp::from_micros(entry.time.micros() - 1)),
            Some(entry) => Ok(entry.time),
            None => Ok(self.state.read().until),
        }
    }
}

/// Refuses to tell of a time of which policies have taken something.
pub(crate) fn check_kept(past: &dyn Snapshot, at: Timestamp) -> Result<(), FaceError> {
    let Some(since) = past.known_since().filter(|since| at < *since) else { return Ok(()) };
    Err(FaceError::bad_data(Text::both(
        format!(
            "asOf: the policies for the past have left this city known as it was from {since} on; {at} lies before it"
        ),
        format!("asOf: 履歴の保存ポリシーにより、過去の状態を再現できるのは{since}以降です。{at}はそれより前です"),
    )))
}

fn unknown_position(position: &Position) -> FaceError {
    FaceError::bad_data(Text::both(
        format!("asOf: the feed does not tell of position {position} any more, or not yet; give a date-time"),
        format!("asOf: 位置{position}は、まだないか、すでに記録から消えています。日時を指定してください"),
    ))
}
