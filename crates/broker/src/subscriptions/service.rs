//! Create, update, delete, retrieve and query subscriptions (ETSI GS CIM 009 §5.8.1 to §5.8.5).

use std::sync::Arc;

use machi_face::contexts::ContextRef;
use machi_face::{FaceError, StableHash, japanese};
use machi_http::Text;
use machi_model::context::Context;
use machi_model::entity::Terms;
use machi_store::{Commit, Cursor, Decision, Document, Filter, Find, Outcome, Receipt, Refusal};
use machi_types::{Caller, ErrorKind, Iri, Json, Name};

use super::domain::normalize;
use super::domain::present::{Around, present};
use super::domain::shape::OWN_CONTEXT;
use super::domain::subscription::SubscriptionKey;
use super::stored::{self, SUBSCRIPTIONS, StoredSubscription};
use crate::Broker;

/// How subscriptions are shown.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'s> {
    pub(crate) context: &'s Arc<Context>,
    pub(crate) sys_attrs: bool,
}

/// A piece of the list of subscriptions.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Json<'static>>,
    /// Behind which row the next piece begins, where there is one.
    pub(crate) next: Option<Cursor>,
    /// How many there are in all, where that was asked for.
    pub(crate) count: Option<u64>,
}

impl Broker {
    /// Keeps a new subscription; it counts from its own commit on. `own_context` names the @context of the request.
    pub(crate) async fn create_subscription(
        &self,
        caller: &Caller,
        json: &Json<'_>,
        context: &Arc<Context>,
        own_context: &str,
    ) -> Result<Name, FaceError> {
        self.face.check_tenant_or_create(caller).await?;
        let mut subscription = normalize::whole(json, &|name: &str| Terms::expand(context, name), self.clock.now())?;
        self.check_context(caller, &subscription).await?;
        let Json::Object(members) = &mut subscription else {
            return Err(FaceError::Bug("a subscription is an object"));
        };
        let named = members.iter().find(|(name, _)| name == "id").and_then(|(_, id)| id.as_str()).map(Name::from);
        let id = named.unwrap_or_else(|| {
            let id = self.fresh_subscription_id(json);
            members.insert(0, ("id".into(), Json::from(id.as_str().to_owned())));
            id
        });
        members.push((OWN_CONTEXT.into(), Json::from(own_context.to_owned())));
        let (store, known) = (Arc::clone(&self.store), id.clone());
        let decide = move |current: Option<&Document>| -> Result<Decision, Refusal> {
            match current {
                None => Ok(stored::define(&subscription, store.names())),
                Some(_) => Err(Box::new(exists(&known))),
            }
        };
        let commit = Commit::new(caller.tenant().clone()).with(SUBSCRIPTIONS, id.clone(), decide);
        settled(self.store.commit(commit).await?)?;
        Ok(id)
    }

    /// Changes a subscription.
    pub(crate) async fn update_subscription(
        &self,
        caller: &Caller,
        id: &Name,
        json: &Json<'_>,
        context: &Arc<Context>,
    ) -> Result<(), FaceError> {
        self.face.check_tenant(caller).await?;
        self.stored_subscription(caller, id).await?;
        let fragment = normalize::fragment(json, &|name: &str| Terms::expand(context, name), self.clock.now())?;
        self.check_context(caller, &Json::Object(fragment.clone())).await?;
        let (store, known) = (Arc::clone(&self.store), id.clone());
        let now = self.clock.now();
        let decide = move |current: Option<&Document>| -> Result<Decision, Refusal> {
            let Some(document) = current else { return Err(Box::new(not_found(&known))) };
            let names = store.names();
            let stored = StoredSubscription::read(Arc::new(document.clone()), names).ok_or_else(broken)?;
            let definition = stored.json().map_err(|_| broken())?;
            let patched = normalize::patched(&definition, &fragment, now).map_err(FaceError::from)?;
            Ok(stored::define(&patched, names))
        };
        let commit = Commit::new(caller.tenant().clone()).with(SUBSCRIPTIONS, id.clone(), decide);
        settled(self.store.commit(commit).await?)
    }

    /// Ends a subscription; what waits for it is not sent any more.
    pub(crate) async fn delete_subscription(&self, caller: &Caller, id: &Name) -> Result<(), FaceError> {
        self.face.check_tenant(caller).await?;
        let known = id.clone();
        let decide = move |current: Option<&Document>| -> Result<Decision, Refusal> {
            match current {
                Some(_) => Ok(Decision::Delete),
                None => Err(Box::new(not_found(&known))),
            }
        };
        let commit = Commit::new(caller.tenant().clone()).with(SUBSCRIPTIONS, id.clone(), decide);
        settled(self.store.commit(commit).await?)
    }

    /// Shows one subscription.
    pub(crate) async fn subscription(
        &self,
        caller: &Caller,
        id: &Name,
        shown: Shown<'_>,
    ) -> Result<Json<'static>, FaceError> {
        self.face.check_tenant(caller).await?;
        let stored = self.stored_subscription(caller, id).await?;
        self.show(caller, id, &stored, shown)
    }

    /// Shows subscriptions in the order in which they came.
    pub(crate) async fn subscriptions(
        &self,
        caller: &Caller,
        (after, offset, limit): (Option<Cursor>, usize, usize),
        wants_count: bool,
        shown: Shown<'_>,
    ) -> Result<Page, FaceError> {
        self.face.check_tenant(caller).await?;
        let view = self.store.view();
        let find = Find {
            after,
            offset,
            limit,
            budget: self.face.budget(),
            ..Find::new(caller.tenant().clone(), SUBSCRIPTIONS, Filter::All)
        };
        let count = if wants_count { Some(view.count(find.clone()).await?) } else { None };
        if limit == 0 {
            return Ok(Page { items: Vec::new(), next: None, count });
        }
        let found = view.find(find).await?;
        let next = found.rows.last().filter(|_| found.more).map(|row| row.cursor.clone());
        let mut items = Vec::with_capacity(found.rows.len());
        for row in found.rows {
            let id = row.document.id.clone();
            if let Some(stored) = StoredSubscription::read(row.document, self.store.names()) {
                items.push(self.show(caller, &id, &stored, shown)?);
            }
        }
        Ok(Page { items, next, count })
    }

    fn show(
        &self,
        caller: &Caller,
        id: &Name,
        stored: &StoredSubscription,
        shown: Shown<'_>,
    ) -> Result<Json<'static>, FaceError> {
        let key = SubscriptionKey { tenant: caller.tenant().clone(), id: id.clone() };
        let around = Around {
            figures: self.hub.figures(&key).unwrap_or(stored.figures),
            context: shown.context.url(),
            now: self.clock.now(),
            times: shown.sys_attrs.then(|| (stored.created_at(), stored.modified_at)),
        };
        let definition = stored.json().map_err(|_| broken())?;
        Ok(present(&definition, &around, shown.context as &dyn Terms))
    }

    async fn stored_subscription(&self, caller: &Caller, id: &Name) -> Result<StoredSubscription, FaceError> {
        let document = self.store.view().document(caller.tenant(), SUBSCRIPTIONS, id).await?;
        let stored = document.and_then(|document| StoredSubscription::read(document, self.store.names()));
        stored.ok_or_else(|| not_found(id))
    }

    /// §5.8.1.4: the @context of notifications must be there, and be one.
    async fn check_context(&self, caller: &Caller, subscription: &Json<'_>) -> Result<(), FaceError> {
        if let Some(url) = subscription.get("jsonldContext").and_then(Json::as_str) {
            self.face.contexts.resolve(caller.tenant(), ContextRef::Url(url)).await?;
        }
        Ok(())
    }

    fn fresh_subscription_id(&self, json: &Json<'_>) -> Name {
        // Drawn anew for each process and call, so that it is nobody else's; the content and the time only help.
        let drawn = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), self.clock.now().micros());
        let hash = StableHash::new().with(&drawn.to_le_bytes()).with(json.to_text().as_bytes()).finish();
        Name::from(format!("urn:ngsi-ld:Subscription:{hash:032x}"))
    }
}

fn settled(receipt: Receipt) -> Result<(), FaceError> {
    match receipt.outcomes.into_iter().next() {
        Some(Outcome::Refused(refusal)) => Err(FaceError::of_refusal(refusal)),
        _ => Ok(()),
    }
}

fn broken() -> FaceError {
    FaceError::Bug("a stored subscription cannot be read")
}

fn exists(id: &Name) -> FaceError {
    FaceError::Refused {
        kind: ErrorKind::AlreadyExists,
        detail: Text::both(
            format!("the subscription {id} exists already; PATCH changes it"),
            format!("サブスクリプション{id}はすでに存在します。変更するにはPATCHを使ってください"),
        ),
    }
}

fn not_found(id: &str) -> FaceError {
    FaceError::Refused {
        kind: ErrorKind::ResourceNotFound,
        detail: Text::both(format!("there is no subscription {id}"), format!("サブスクリプション{id}は存在しません")),
    }
}

/// The id that a path names (§5.8.2.4: "not a valid URI" is bad request data).
pub(crate) fn id_of(text: &str) -> Result<Name, FaceError> {
    text.parse::<Iri>().map(Iri::into_name).map_err(|error| {
        FaceError::bad_data(Text::both(
            format!("the subscription id in the path is no IRI: {error}"),
            format!("パスのサブスクリプションIDがIRIではありません: {}", japanese::iri(&error)),
        ))
    })
}
