//! A batch on its way to a city and back: what is sent, and which of its rows the city refuses.

use std::collections::HashMap;

use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderName, LINK};
use http::{HeaderMap, HeaderValue, StatusCode};
use machi_history::http::MANY_EVOLUTIONS;
use machi_http::Language;
use machi_http::request::{CONTEXT_RELATION, TENANT_HEADER};
use machi_types::{Iri, Json, TenantId, json};

use super::batch::{Batch, Sent};

/// A row that the city refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The row.
    pub(crate) row: u64,
    /// Its entity.
    pub(crate) id: String,
    /// What the city says.
    pub(crate) detail: String,
}

/// A way to a city that takes batches.
pub(crate) trait Door {
    /// Why a batch was not taken, whatever is in it.
    type Error;

    /// Has the city do something with the entities in this body.
    fn ask(&self, errand: Errand, body: Vec<u8>, has_contexts: bool) -> Result<Answer, Self::Error>;
}

/// What a city is to do with entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// Create them, or replace or update those that exist.
    Take,
    /// The same, but of those that exist update only what was observed earlier.
    Follow,
    /// Tell them of their past.
    Remember,
}

/// What a city says of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// All of it is durable.
    Taken,
    /// Some of it is; the body tells of the rest (ETSI GS CIM 009 §5.2.16).
    Partly(Vec<u8>),
    /// Nothing is, and what it holds is why.
    Refused(String),
}

/// For whom entities are sent, and how.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    tenant: Option<HeaderValue>,
    update: bool,
    language: Language,
}

impl Answer {
    /// What a status tells of a batch that did not fail.
    pub(crate) fn of(status: StatusCode, body: &[u8]) -> Option<Self> {
        match status {
            StatusCode::CREATED | StatusCode::NO_CONTENT | StatusCode::OK => Some(Self::Taken),
            StatusCode::MULTI_STATUS => Some(Self::Partly(body.to_vec())),
            _ => None,
        }
    }
}

/// Whether a status says that the entities are at fault, rather than the city or the request.
pub(crate) fn is_about_content(status: StatusCode, has_contexts: bool) -> bool {
    match status {
        StatusCode::BAD_REQUEST
        | StatusCode::CONFLICT
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::UNPROCESSABLE_ENTITY => true,
        // A @context that cannot be loaded is that of the request where the entities carry none.
        StatusCode::GATEWAY_TIMEOUT => has_contexts,
        _ => false,
    }
}

impl Manner {
    /// With `update`, attributes that a row does not name stay as they are. The city is asked to tell what is wrong in
    /// this language.
    pub(crate) fn new(tenant: Option<&TenantId>, update: bool, language: Language) -> Self {
        let tenant = tenant.filter(|tenant| !tenant.is_default());
        let tenant = tenant.and_then(|tenant| HeaderValue::from_str(tenant.as_str()).ok());
        Self { tenant, update, language }
    }

    /// Where an errand leads.
    pub(crate) fn path(&self, errand: Errand) -> &'static str {
        match errand {
            Errand::Take if self.update => "/ngsi-ld/v1/entityOperations/upsert?options=update",
            Errand::Take => "/ngsi-ld/v1/entityOperations/upsert",
            Errand::Follow => "/ngsi-ld/v1/entityOperations/upsert?options=newer",
            Errand::Remember => MANY_EVOLUTIONS,
        }
    }

    /// The language of the verdicts.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// The headers of a request.
    pub(crate) fn headers(&self, has_contexts: bool, context: Option<&Iri>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let media = if has_contexts { "application/ld+json" } else { "application/json" };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(self.language.tag()));
        // ETSI GS CIM 009 §6.3.5: a body that carries its @context has no Link beside it.
        if let Some(context) = context.filter(|_| !has_contexts) {
            let link = format!("<{}>; rel=\"{CONTEXT_RELATION}\"; type=\"application/ld+json\"", context.as_str());
            headers.insert(LINK, HeaderValue::from_bytes(link.as_bytes()).expect("an IRI holds no control characters"));
        }
        if let Some(tenant) = &self.tenant {
            headers.insert(HeaderName::from_static(TENANT_HEADER), tenant.clone());
        }
        headers
    }
}

/// Sends entities, and gives those that were refused; the others are durable.
pub(super) fn upsert<D: Door>(
    door: &D,
    errand: Errand,
    items: &[Sent],
    has_contexts: bool,
) -> Result<Vec<Refused>, D::Error> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    match (door.ask(errand, Batch::body(items), has_contexts)?, items) {
        (Answer::Taken, _) => Ok(Vec::new()),
        (Answer::Partly(body), _) => Ok(verdicts(items, &body)),
        (Answer::Refused(detail), [item]) => Ok(vec![Refused { row: item.row, id: item.id.clone(), detail }]),
        // A batch that was refused whole is sent in halves, until the rows at fault are alone.
        (Answer::Refused(_), _) => {
            let (first, second) = items.split_at(items.len() / 2);
            let mut refused = upsert(door, errand, first, has_contexts)?;
            refused.extend(upsert(door, errand, second, has_contexts)?);
            Ok(refused)
        }
    }
}

/// Which rows a `BatchOperationResult` refuses (ETSI GS CIM 009 §5.2.16).
fn verdicts(items: &[Sent], body: &[u8]) -> Vec<Refused> {
    let parsed = json::parse(body, json::DEFAULT_DEPTH).ok();
    let errors = parsed.as_ref().and_then(|parsed| parsed.get("errors")?.as_array()).unwrap_or_default();
    let rows: HashMap<&str, &Sent> = items.iter().map(|item| (item.id.as_str(), item)).collect();
    errors.iter().filter_map(|error| verdict(items, &rows, error)).collect()
}

fn verdict(items: &[Sent], rows: &HashMap<&str, &Sent>, error: &Json<'_>) -> Option<Refused> {
    let id = error.get("entityId").and_then(Json::as_str)?;
    // An item without an id of its own is named by its place in the batch.
    let place = || id.rsplit(':').next()?.parse::<usize>().ok()?.checked_sub(1);
    let item = rows.get(id).copied().or_else(|| items.get(place()?))?;
    let problem = error.get("error")?;
    let detail =
        problem.get("detail").or_else(|| problem.get("title")).and_then(Json::as_str).unwrap_or("it is refused");
    Some(Refused { row: item.row, id: item.id.clone(), detail: detail.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn sent(row: u64, id: &str) -> Sent {
        Sent { row, id: id.to_owned(), text: id.into() }
    }

    fn refused(row: u64, id: &str, detail: &str) -> Refused {
        Refused { row, id: id.to_owned(), detail: detail.to_owned() }
    }

    #[test]
    fn verdicts_name_the_rows() {
        let items = [sent(2, "urn:x:1"), sent(3, "urn:x:2"), sent(4, "")];
        let body = r#"{"success":["urn:x:1"],"errors":[
            {"entityId":"urn:x:2","error":{"title":"Bad","detail":"no"}},
            {"entityId":"urn:machi:batch:item:3","error":{"title":"Bad"}}]}"#;
        assert_eq!(verdicts(&items, body.as_bytes()), [refused(3, "urn:x:2", "no"), refused(4, "", "Bad")]);
    }

    /// Refuses every batch that holds this entity.
    struct Strict(&'static str, Cell<usize>);

    impl Door for Strict {
        type Error = ();

        fn ask(&self, _: Errand, body: Vec<u8>, _: bool) -> Result<Answer, ()> {
            self.1.set(self.1.get() + 1);
            let is_wrong = String::from_utf8(body).unwrap().contains(self.0);
            Ok(if is_wrong { Answer::Refused("no".to_owned()) } else { Answer::Taken })
        }
    }

    #[test]
    fn a_batch_that_is_refused_whole_is_divided() {
        let items: Vec<Sent> = (0..1000).map(|row| sent(row, &format!("urn:x:{row}"))).collect();
        let door = Strict("urn:x:700", Cell::new(0));
        assert_eq!(upsert(&door, Errand::Take, &items, false), Ok(vec![refused(700, "urn:x:700", "no")]));
        assert!(door.1.get() < 25, "{} batches", door.1.get());
    }

    #[test]
    fn a_request_says_for_whom_and_in_which_words() {
        let tenant: TenantId = "aoi".parse().unwrap();
        let context: Iri = "https://例え.jp/c".parse().unwrap();
        let manner = Manner::new(Some(&tenant), true, Language::Japanese);
        let headers = manner.headers(false, Some(&context));
        assert_eq!(
            (&headers["ngsild-tenant"], &headers["accept-language"]),
            (&"aoi".parse().unwrap(), &"ja".parse().unwrap())
        );
        assert!(headers["link"].as_bytes().starts_with("<https://例え.jp/c>; rel=".as_bytes()));
        assert!(!manner.headers(true, Some(&context)).contains_key("link"));
        assert!(manner.path(Errand::Take).ends_with("?options=update"));
        let of_default = Manner::new(Some(&TenantId::default_tenant()), false, Language::English);
        assert!(!of_default.headers(false, None).contains_key("ngsild-tenant"));
    }
}
