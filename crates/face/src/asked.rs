//! What operations read from a request: ids, bodies with their @context, and the
//! conditions of a write.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, IF_MATCH, LINK};
use http::{HeaderMap, HeaderName, Method, Uri};
use machi_http::request::{BodyLimits, BodyType, Query, RequestCaller, body_type, context_link, read_body};
use machi_http::{Language, Problem, Text, language_of};
use machi_model::context::Context;
use machi_model::entity::{CORE, check_name};
use machi_model::query::TypeExpression;
use machi_types::{Caller, ErrorKind, Iri, Json, Name, json};

use crate::contexts::ContextRef;
use crate::{Face, FaceError, StableHash, japanese};

/// The header under which a client may repeat a request.
const KEY_HEADER: &str = "idempotency-key";
/// The header that names a snapshot.
pub const SNAPSHOT_HEADER: HeaderName = HeaderName::from_static("ngsild-snapshot");
/// The longest key.
const LONGEST_KEY: usize = 255;
/// The expanded name of the scopes.
const SCOPE: &str = "https://uri.etsi.org/ngsi-ld/scope";

/// A request to the NGSI-LD face, its body not read yet.
#[derive(Debug)]
pub struct Asked {
    pub caller: Caller,
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub language: Language,
    pieces: RawPathParams,
    body: Body,
}

impl<S: Send + Sync> FromRequest<S> for Asked {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let RequestCaller(caller) = RequestCaller::from_request_parts(&mut parts, state).await?;
        refuse_snapshot(&parts.headers)?;
        let pieces = RawPathParams::from_request_parts(&mut parts, state)
            .await
            .map_err(|_| bad(Text::both("the path is not UTF-8", "パスがUTF-8ではありません")))?;
        Ok(Self {
            caller,
            method: parts.method,
            uri: parts.uri,
            language: language_of(&parts.headers),
            headers: parts.headers,
            pieces,
            body,
        })
    }
}

/// The attribute that a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeName {
    /// An attribute, by its expanded name.
    Attribute(Name),
    /// The scopes, which can be deleted as if they were one.
    Scope,
}

/// The key under which a client repeats a request, and what the request was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// The key.
    pub key: Name,
    /// A hash of method, address, body and what the body means by its headers: a key stands for one request.
    pub fingerprint: u64,
}

/// The query parameter `type`: which types the entity must be of (§4.17).
#[derive(Debug)]
pub struct TypeParameter(Option<String>);

/// A body as JSON text, and where its @context stands.
#[derive(Debug)]
pub struct Payload {
    bytes: Bytes,
    kind: BodyType,
    link: Option<Iri>,
    depth: usize,
}

impl Asked {
    /// The query parameters, of which there may be just these.
    pub fn parameters(&self, allowed: &[&str]) -> Result<Query<'_>, Problem> {
        Query::parse(self.uri.query(), allowed)
    }

    /// A piece of the path, decoded.
    pub fn piece(&self, name: &str) -> &str {
        self.pieces.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// The id of the entity that the path names (ETSI GS CIM 009 §5.6: "not a valid URI" is bad request data).
    pub fn entity_id(&self) -> Result<Name, Problem> {
        let text = self.piece("entityId");
        text.parse::<Iri>().map(Iri::into_name).map_err(|error| {
            bad(Text::both(
                format!("the entity id in the path is no IRI: {error}"),
                format!("パスのエンティティIDがIRIではありません: {}", japanese::iri(&error)),
            ))
        })
    }

    /// The parameter `type`, checked to be there beside just these.
    pub fn type_parameter(&self, others: &[&str]) -> Result<TypeParameter, Problem> {
        let allowed: Vec<&str> = others.iter().copied().chain(["type"]).collect();
        let parameters = self.parameters(&allowed)?;
        if others.contains(&"local") {
            parameters.flag("local")?;
        }
        Ok(TypeParameter(parameters.get("type").map(str::to_owned)))
    }

    /// Refuses a guard that cannot hold: entities that are written together have no version in common.
    pub fn refuse_if_match(&self) -> Result<(), Problem> {
        if !self.headers.contains_key(IF_MATCH) {
            return Ok(());
        }
        Err(Problem::new(
            ErrorKind::PreconditionFailed,
            Text::both(
                "If-Match guards one entity, and this operation writes several; change each with a tag of its own",
                "If-Matchは1つのエンティティの操作にだけ使えます。エンティティごとに操作してください",
            ),
        ))
    }

    /// The attribute that the path names.
    pub fn attribute(&self, context: &Arc<Context>) -> Result<AttributeName, Problem> {
        let name = self.piece("attrId");
        check_name(name).map_err(|character| no_name(name, character))?;
        let expanded = context.expand_name(name).map_err(FaceError::from)?;
        if &*expanded == SCOPE {
            return Ok(AttributeName::Scope);
        }
        if expanded.starts_with('@') || is_system(&expanded) {
            return Err(bad(Text::both(
                format!("\"{name}\" is a word of NGSI-LD itself and names no attribute"),
                format!("\"{name}\"はNGSI-LDの予約語であり、属性名ではありません"),
            )));
        }
        Ok(AttributeName::Attribute(expanded))
    }

    /// The same for what is to be changed or replaced, which scopes cannot be (§5.6.4.4, §5.6.19.4).
    pub fn attribute_to_write(&self, context: &Arc<Context>) -> Result<Name, Problem> {
        match self.attribute(context)? {
            AttributeName::Attribute(name) => Ok(name),
            AttributeName::Scope => Err(bad(Text::both(
                "the scopes cannot be changed as if they were an attribute; PATCH the entity's attrs with a member \"scope\"",
                "scopeは属性として変更できません。エンティティの更新で\"scope\"を指定してください",
            ))),
        }
    }

    /// The context that the Link header names; what there is to say where none is named.
    pub fn context_link(&self) -> Result<Option<Iri>, Problem> {
        context_link(&self.headers)
    }

    /// The form of the body, and the context that belongs to it by the headers.
    pub fn body_context(&self) -> Result<(BodyType, Option<Iri>), Problem> {
        let kind = body_type(&self.headers, &self.method)?;
        let link = self.context_link()?;
        if kind == BodyType::JsonLd && link.is_some() {
            return Err(bad(Text::both(
                "the body is application/ld+json, so its @context stands in it; the Link header to a @context must go",
                "application/ld+jsonの場合、@contextは本文に書きます。Linkヘッダーは使えません",
            )));
        }
        Ok((kind, link))
    }

    /// Reads the body whole.
    pub async fn payload(&mut self, face: &Face) -> Result<Payload, Problem> {
        let (kind, link) = self.body_context()?;
        let bytes = self.bytes(face).await?;
        Ok(Payload { bytes, kind, link, depth: face.config.limits.nesting })
    }

    /// Reads the body whole, whatever it is.
    pub async fn bytes(&mut self, face: &Face) -> Result<Bytes, Problem> {
        let limits = BodyLimits { largest: face.config.limits.body_bytes as u64, key: "[limits] body" };
        let body = self.take_body();
        read_body(&self.headers, body, &limits).await
    }

    /// Hands out the body, to be read piece by piece.
    pub fn take_body(&mut self) -> Body {
        std::mem::take(&mut self.body)
    }

    /// The key under which this request may be repeated; `body` is what is known of the body.
    pub fn request_key(&self, body: &[u8]) -> Result<Option<RequestKey>, Problem> {
        let Some(value) = self.headers.get(KEY_HEADER) else { return Ok(None) };
        let key = value.to_str().map(str::trim).unwrap_or_default();
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(Problem::new(
                ErrorKind::InvalidRequest,
                Text::both(
                    format!("the header Idempotency-Key must hold 1 to {LONGEST_KEY} visible ASCII characters"),
                    format!("Idempotency-Keyヘッダーは1～{LONGEST_KEY}文字のASCII文字列でなければなりません"),
                ),
            ));
        }
        let hash = StableHash::new()
            .with(self.method.as_str().as_bytes())
            .with(b" ")
            .with(self.uri.path().as_bytes())
            .with(b"?")
            .with(self.uri.query().unwrap_or_default().as_bytes());
        // The same body means something else as another type, or by another @context.
        let meaning = [CONTENT_TYPE, LINK].into_iter().flat_map(|name| self.headers.get_all(name));
        let hash = meaning.fold(hash, |hash, value| hash.with(b"\n").with(value.as_bytes()));
        let hash = hash.with(b"\n\n").with(body);
        Ok(Some(RequestKey { key: Name::from(key), fingerprint: hash.finish() as u64 }))
    }
}

impl RequestKey {
    /// The key of a request whose body, known by its hash, is not part of the fingerprint yet.
    #[must_use]
    pub fn with_body(&self, hash: u128) -> Self {
        let all = StableHash::new().with(&self.fingerprint.to_le_bytes()).with(&hash.to_le_bytes());
        Self { key: self.key.clone(), fingerprint: all.finish() as u64 }
    }

    /// The refusal where it was used for another request.
    pub fn used_otherwise(&self) -> FaceError {
        let key = &self.key;
        FaceError::Refused {
            kind: ErrorKind::OperationNotSupported,
            detail: Text::both(
                format!(
                    "the Idempotency-Key \"{key}\" was used for another request; each request has a key of its own"
                ),
                format!("Idempotency-Key \"{key}\"は別のリクエストで使用済みです"),
            ),
        }
    }

    /// The refusal while the same request is at work.
    pub fn at_work(&self) -> FaceError {
        let key = &self.key;
        FaceError::Refused {
            kind: ErrorKind::AlreadyExists,
            detail: Text::both(
                format!(
                    "the request with the Idempotency-Key \"{key}\" is still being worked on; ask again in a moment"
                ),
                format!("Idempotency-Key \"{key}\"のリクエストは処理中です。少し待って再試行してください"),
            ),
        }
    }
}

impl TypeParameter {
    /// The parsed expression, its names expanded.
    pub fn expression(&self, context: &Context) -> Result<Option<TypeExpression>, FaceError> {
        let Some(text) = &self.0 else { return Ok(None) };
        let written = TypeExpression::parse(text)?;
        Ok(Some(written.expand(&|name| context.expand_name(name))?))
    }
}

impl Payload {
    /// The bytes as they came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The JSON (ETSI GS CIM 009 §5.5.4).
    pub fn json(&self) -> Result<Json<'_>, Problem> {
        if self.bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Problem::new(
                ErrorKind::InvalidRequest,
                Text::both("the body is empty; it must be JSON", "リクエスト本文が空です"),
            ));
        }
        json::parse(&self.bytes, self.depth)
            .map_err(|error| FaceError::no_json("the body", "リクエスト本文", &error).into())
    }

    /// The context of the body.
    pub async fn context(&self, face: &Face, caller: &Caller, json: &Json<'_>) -> Result<Arc<Context>, Problem> {
        let context = self.context_ref(json)?;
        match face.contexts.held(caller.tenant(), context) {
            Some(held) => Ok(held),
            None => Ok(face.contexts.resolve(caller.tenant(), context).await?),
        }
    }

    fn context_ref<'a>(&'a self, json: &'a Json<'a>) -> Result<ContextRef<'a>, Problem> {
        context_ref(self.kind, self.link.as_ref(), json).map_err(Problem::from)
    }
}

/// Refuses to answer from the present what is asked of a snapshot: none is kept here (§5.5.15).
pub fn refuse_snapshot(headers: &HeaderMap) -> Result<(), Problem> {
    if !headers.contains_key(SNAPSHOT_HEADER) {
        return Ok(());
    }
    Err(Problem::new(
        ErrorKind::OperationNotSupported,
        Text::both(
            "snapshots are not offered here; ask without the header NGSILD-Snapshot",
            "スナップショットには対応していません。NGSILD-Snapshotヘッダーを付けずに送信してください",
        ),
    ))
}

/// The context of a request without a body: that of its Link header.
pub async fn link_context(face: &Face, caller: &Caller, headers: &HeaderMap) -> Result<Arc<Context>, Problem> {
    let link = context_link(headers)?;
    let context = link.as_deref().map_or(ContextRef::Core, ContextRef::Url);
    Ok(face.contexts.resolve(caller.tenant(), context).await?)
}

/// Where the context of an object stands (ETSI GS CIM 009 §6.3.5).
pub fn context_ref<'a>(kind: BodyType, link: Option<&'a Iri>, json: &'a Json<'a>) -> Result<ContextRef<'a>, FaceError> {
    match (kind, json.get("@context")) {
        (BodyType::Json, None) => Ok(link.map_or(ContextRef::Core, |link| ContextRef::Url(link))),
        (BodyType::JsonLd, Some(context)) => Ok(ContextRef::Inline(context)),
        (BodyType::Json, Some(_)) => Err(FaceError::bad_data(Text::both(
            "the body is application/json and holds a @context; name it in a Link header, or send application/ld+json",
            "application/jsonの本文に@contextは書けません。Linkヘッダーで指定するか、application/ld+jsonで送信してください",
        ))),
        (BodyType::JsonLd, None) => Err(FaceError::bad_data(Text::both(
            "the body is application/ld+json and holds no @context; add one, or send application/json",
            "application/ld+jsonの本文には@contextが必要です",
        ))),
    }
}

/// ETSI GS CIM 009 §4.8, §4.22: what the system keeps about an entity is no attribute.
fn is_system(expanded: &str) -> bool {
    let term = expanded.strip_prefix(CORE);
    matches!(
        term,
        Some("createdAt" | "modifiedAt" | "deletedAt" | "expiresAt" | "observedAt" | "datasetId" | "unitCode")
    )
}

fn no_name(name: &str, character: Option<char>) -> Problem {
    let name: String = name.chars().take(120).collect();
    let because = character.map(|c| format!(", because of {c:?}")).unwrap_or_default();
    bad(Text::both(
        format!(
            "\"{name}\" in the path is no attribute name{because}: a name is letters, digits and _ beginning with a letter, prefix:name or an IRI, of at most 2048 bytes"
        ),
        format!("パスの\"{name}\"は属性名として使えません"),
    ))
}

fn bad(detail: Text) -> Problem {
    Problem::new(ErrorKind::BadRequestData, detail)
}
