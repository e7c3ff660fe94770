//! One connection: lets the client in, and answers its messages one after the other.

use std::future::Future;
use std::sync::Arc;

use datafusion::common::ScalarValue;
use machi_http::{Guest, Shutdown};
use machi_model::context::Context;
use machi_types::Caller;
use rustc_hash::FxHashMap;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::failure::{Failure, Stop};
use super::messages::{Asked, Target, Transaction};
use super::portal::{Formats, Portal, Prepared};
use super::server::{Entry, Shared};
use super::settings::Settings;
use super::socket::{Broken, Inbox, Outbox, halves};
use super::startup::{self, Startup};
use super::statement::Statement;
use crate::SqlError;
use crate::postgres::Client;
use crate::sql::Query;

/// Serves one connection to its end; without a place among those that may ask it can only cancel.
pub(super) async fn serve(guest: Guest, place: Option<OwnedSemaphorePermit>, shared: Arc<Shared>) {
    let Guest { stream, peer, room: _room } = guest;
    // Answers are small and wanted at once; waiting to fill a packet would cost 40 ms.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    if let Err(broken) = Box::pin(converse(halves(stream), place.is_none(), &shared)).await {
        debug!(peer.ip = %peer.ip(), cause = %broken, "a SQL connection ended early");
    }
}

async fn converse((mut inbox, mut outbox): (Inbox, Outbox), is_full: bool, shared: &Arc<Shared>) -> Result<(), Broken> {
    // Whoever asks to cancel a query is heard, also where there is no room for more.
    let mut shutdown = shared.shutdown.clone();
    let startup = tokio::select! {
        () = shutdown.begun() => return Ok(()),
        startup = startup::read(&mut inbox, &mut outbox, shared) => startup?,
    };
    let Some(startup) = startup else { return Ok(()) };
    let mut settings = Settings::default();
    for (name, value) in startup.settings() {
        // What cannot be set is told when it is set by a query; here it would lock the client out.
        let _ = settings.set(&name, Some(&value));
    }
    let let_in = if is_full { Err(full(shared.most)) } else { let_in(&startup, shared).await };
    let caller = match let_in {
        Ok(caller) => caller,
        Err(failure) => {
            outbox.telling.failed("FATAL", failure.code, failure.text(settings.language()));
            return outbox.send(None).await;
        }
    };
    let (entry, cancelled) = shared.enter();
    let (database, user) = (startup.database().to_owned(), startup.user().to_owned());
    let mut connection = Connection {
        inbox,
        outbox,
        caller,
        client: Arc::new(Client { database, user, connection: entry.number }),
        context: Arc::clone(Context::core()),
        settings,
        statements: FxHashMap::default(),
        portals: FxHashMap::default(),
        transaction: Transaction::None,
        is_skipping: false,
        cancelled,
        shutdown,
        shared: Arc::clone(shared),
    };
    connection.greet(&startup, &entry).await?;
    connection.answer_all().await
}

async fn let_in(startup: &Startup, shared: &Shared) -> Result<Caller, Failure> {
    let caller = startup.caller(&shared.sql, shared.request()).await?;
    shared.sql.face.check_tenant(&caller).await.map_err(SqlError::from)?;
    Ok(caller)
}

fn full(most: usize) -> Failure {
    Failure::new(
        "53300",
        format!("{most} SQL connections are open ([sql] connections); close one, or try again later"),
        format!(
            "SQL接続が上限の{most}件([sql] connections)に達しています。使っていない接続を閉じるか、後で再試行してください"
        ),
    )
}

/// A client that was let in.
pub(super) struct Connection {
    inbox: Inbox,
    pub(super) outbox: Outbox,
    pub(super) caller: Caller,
    pub(super) client: Arc<Client>,
    /// Gives types and attributes their short names.
    pub(super) context: Arc<Context>,
    pub(super) settings: Settings,
    pub(super) statements: FxHashMap<String, Arc<Prepared>>,
    pub(super) portals: FxHashMap<String, Portal>,
    pub(super) transaction: Transaction,
    /// Whether messages go unheard until the next Sync, because one before them failed.
    is_skipping: bool,
    cancelled: watch::Receiver<u64>,
    shutdown: Shutdown,
    pub(super) shared: Arc<Shared>,
}

impl Connection {
    async fn greet(&mut self, startup: &Startup, entry: &Entry) -> Result<(), Broken> {
        let telling = &mut self.outbox.telling;
        let unknown = startup.unknown();
        if startup.minor > 0 || !unknown.is_empty() {
            telling.negotiate(&unknown);
        }
        telling.let_in(entry.number, entry.secret);
        for (name, value) in self.settings.told(&self.client) {
            telling.parameter(name, &value);
        }
        telling.ready(self.transaction);
        self.outbox.send(None).await
    }

    /// Answers messages until the client goes, or the city closes.
    async fn answer_all(&mut self) -> Result<(), Broken> {
        loop {
            let expiry = self.portals.values().filter_map(Portal::deadline).min();
            let asked = tokio::select! {
                biased;
                () = self.shutdown.begun() => return self.take_leave().await,
                asked = self.inbox.next() => asked,
                () = until(expiry) => {
                    let now = Instant::now();
                    self.portals.values_mut().for_each(|portal| portal.expire(now));
                    continue;
                }
            };
            let asked = match asked {
                Ok(Asked::Terminate) | Err(Broken::Closed) => return Ok(()),
                Ok(asked) => asked,
                Err(broken) => return self.part(broken).await,
            };
            if !self.answer(asked).await? {
                return Ok(());
            }
        }
    }

    async fn take_leave(&mut self) -> Result<(), Broken> {
        self.fail_for_good(&Failure::new("57P01", "the city closes", "都市を停止しています")).await
    }

    async fn fail_for_good(&mut self, failure: &Failure) -> Result<(), Broken> {
        self.outbox.telling.failed("FATAL", failure.code, failure.text(self.settings.language()));
        self.outbox.send(None).await
    }

    /// Tells a client that does not speak the protocol so, and ends.
    async fn part(&mut self, broken: Broken) -> Result<(), Broken> {
        if let Some(farewell) = broken.farewell() {
            self.fail_for_good(&farewell).await?;
        }
        Err(broken)
    }

    /// Answers one message; false when the client is gone.
    async fn answer(&mut self, asked: Asked) -> Result<bool, Broken> {
        if asked == Asked::Sync {
            self.is_skipping = false;
            self.end_of_request();
            self.outbox.telling.ready(self.transaction);
            self.outbox.send(None).await?;
            return Ok(true);
        }
        if self.is_skipping {
            return Ok(true);
        }
        // What was cancelled before is over.
        self.cancelled.mark_unchanged();
        let (is_extended, is_query) = (asked.is_extended(), matches!(asked, Asked::Query(_)));
        match self.perform(asked).await {
            Ok(()) => {}
            Err(Stop::Gone) => return Ok(false),
            Err(Stop::Failed(failure)) => {
                self.outbox.telling.failed("ERROR", failure.code, failure.text(self.settings.language()));
                self.is_skipping = is_extended;
                if self.transaction == Transaction::Open {
                    self.transaction = Transaction::Failed;
                }
            }
        }
        if is_query {
            self.end_of_request();
            self.outbox.telling.ready(self.transaction);
        }
        if is_query || self.outbox.is_full() {
            self.outbox.send(None).await?;
        }
        Ok(true)
    }

    /// Answers that are open end with their transaction, and that is a request where none was begun.
    fn end_of_request(&mut self) {
        if self.transaction == Transaction::None {
            self.portals.retain(|_, portal| portal.holds);
        }
    }

    async fn perform(&mut self, asked: Asked) -> Result<(), Stop> {
        match asked {
            Asked::Query(text) => self.simple(&text).await,
            Asked::Parse { name, text, types } => self.parse(name, &text, &types).await,
            Asked::Bind { portal, statement, formats, values, results } => {
                self.bind(portal, &statement, &Formats(formats), &values, Formats(results))?;
                Ok(())
            }
            Asked::Describe(target) => Ok(self.describe(&target)?),
            Asked::Execute { portal, rows } => self.execute(portal, rows).await,
            Asked::Close(Target::Statement(name)) => {
                self.statements.remove(&name);
                self.outbox.telling.closed();
                Ok(())
            }
            Asked::Close(Target::Portal(name)) => {
                self.portals.remove(&name);
                self.outbox.telling.closed();
                Ok(())
            }
            Asked::Flush => self.outbox.send(None).await.map_err(|_| Stop::Gone),
            Asked::Other | Asked::Sync | Asked::Terminate => Ok(()),
        }
    }

    /// Does something for the client, as long as it waits for it.
    pub(super) async fn while_wanted<T>(&mut self, work: impl Future<Output = Result<T, SqlError>>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            _ = self.cancelled.changed() => Err(SqlError::cancelled().into()),
            done = work => Ok(done?),
            () = self.inbox.gone() => Err(Stop::Gone),
        }
    }

    pub(super) fn query(&self, text: &str, parameters: Vec<ScalarValue>) -> Query {
        let (context, client) = (Arc::clone(&self.context), Some(Arc::clone(&self.client)));
        Query { text: text.to_owned(), parameters, context, client }
    }

    /// After a failure a transaction hears nothing but its end.
    pub(super) fn check_transaction(&self, statement: &Statement) -> Result<(), Failure> {
        let ends =
            matches!(statement, Statement::Commit | Statement::Rollback | Statement::RollbackTo | Statement::Empty);
        if self.transaction != Transaction::Failed || ends {
            return Ok(());
        }
        Err(Failure::new(
            "25P02",
            "the transaction failed; nothing is answered until it ends (ROLLBACK)",
            "トランザクションは失敗しています。ROLLBACKで終了してください",
        ))
    }
}

/// Waits until a time; without one, for ever.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
