//! Every way in which this block refuses or fails, and what a client reads of it.

use std::time::Duration;

use machi_http::{Language, Problem, Text};
use machi_model::context::ContextError;
use machi_model::entity::{Corrupt, InvalidEntity, MOST_NAMES};
use machi_model::laws;
use machi_model::query::QueryError;
use machi_store::{Refusal, StoreError};
use machi_types::{ErrorKind, Json, Name, TenantId, json};

use crate::japanese;

/// The longest pointer, in bytes, that a problem tells: names may be megabytes long.
const LONGEST_POINTER: usize = 1024;

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
pub enum FaceError {
    /// There is no such entity, or none of the asked types.
    #[error("there is no entity {id}")]
    EntityNotFound {
        /// The id.
        id: Name,
    },
    /// There is such an entity, but it is of none of the asked types.
    #[error("entity {id} is of none of the types that are asked for")]
    OfOtherType {
        /// The id.
        id: Name,
    },
    /// There is such an entity already.
    #[error("entity {id} exists already")]
    EntityExists {
        /// The id.
        id: Name,
    },
    /// The entity has no such attribute, or no such instance of it.
    #[error("entity {id} has no attribute {attribute}")]
    AttributeNotFound {
        /// The entity.
        id: Name,
        /// The attribute, expanded.
        attribute: Name,
        /// The instance; none for the default one.
        dataset_id: Option<Name>,
    },
    /// There is no such @context.
    #[error("there is no @context {id}")]
    ContextNotFound {
        /// The local id.
        id: Name,
    },
    /// The tenant does not exist.
    #[error("there is no tenant {tenant}")]
    NoTenant {
        /// Its name.
        tenant: TenantId,
        /// Whether its first write would make it.
        begins: bool,
    },
    /// There is such a tenant already.
    #[error("there is a tenant {tenant} already")]
    TenantExists {
        /// Its name.
        tenant: TenantId,
    },
    /// The tenant is being restored.
    #[error("tenant {tenant} is being restored")]
    TenantBusy {
        /// Its name.
        tenant: TenantId,
    },
    /// The input is wrong in a way that is told in words.
    #[error("{}", detail.in_language(Language::English))]
    Refused {
        /// What kind of fault it is.
        kind: ErrorKind,
        /// What happened, where, and what would be right.
        detail: Text,
    },
    /// A @context is wrong or cannot be loaded.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// An entity, fragment or attribute is wrong.
    #[error(transparent)]
    Entity(#[from] InvalidEntity),
    /// A query is wrong, or too much.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A request that is refused at the edge.
    #[error("{0:?}")]
    Problem(Box<Problem>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the store holds is not what was written.
    #[error("a stored document cannot be read")]
    Corrupt(#[from] Corrupt),
    /// A promise of our own was broken.
    #[error("{0}")]
    Bug(&'static str),
}

impl FaceError {
    /// Input that does not meet what the operation requires.
    pub fn bad_data(detail: impl Into<Text>) -> Self {
        Self::Refused { kind: ErrorKind::BadRequestData, detail: detail.into() }
    }

    /// A request that is malformed.
    pub fn invalid(detail: impl Into<Text>) -> Self {
        Self::Refused { kind: ErrorKind::InvalidRequest, detail: detail.into() }
    }

    /// A text that is no JSON, which is an invalid request, or JSON that cannot be kept without loss, which is
    /// bad data (ETSI GS CIM 009 §5.5.4).
    pub fn no_json(what: &str, what_ja: &str, error: &json::JsonError) -> Self {
        let ja = japanese::json(error);
        match error.is_syntax() {
            true => Self::invalid(Text::both(
                format!("{what} is not valid JSON: {error}"),
                format!("{what_ja}が正しいJSONではありません: {ja}"),
            )),
            false if error.is_too_deep() => Self::bad_data(Text::both(
                format!("{what} is JSON that nests deeper than is taken ([limits] depth): {error}"),
                format!("{what_ja}のJSONの入れ子が深すぎます([limits] depth): {ja}"),
            )),
            false => Self::bad_data(Text::both(
                format!("{what} is JSON that cannot be kept as it is: {error}"),
                format!("{what_ja}のJSONをそのまま保存できません: {ja}"),
            )),
        }
    }

    /// What a law refused.
    pub fn of_law(id: &Name, refusal: laws::Refusal) -> Self {
        match refusal {
            laws::Refusal::NoSuchAttribute { name, dataset_id } => {
                Self::AttributeNotFound { id: id.clone(), attribute: name, dataset_id }
            }
            laws::Refusal::Corrupt(corrupt)
            | laws::Refusal::Attribute { reason: laws::Reason::Corrupt(corrupt), .. } => Self::Corrupt(corrupt),
            laws::Refusal::Attribute { name, reason } => Self::attribute_refused(&name, &reason),
            laws::Refusal::TooMany { what, count } => Self::bad_data(Text::both(
                refusal.to_string(),
                format!("エンティティの{}が{count}個になります(上限は{MOST_NAMES}個)", what.ja),
            )),
        }
    }

    /// An attribute that cannot take a change.
    pub fn attribute_refused(name: &Name, reason: &laws::Reason) -> Self {
        Self::bad_data(Text::both(
            format!("attribute {name}: {reason}"),
            format!("属性{name}を変更できません: {}", japanese::reason(reason)),
        ))
    }

    /// What a store handed back of a refused proposal.
    pub fn of_refusal(refusal: Refusal) -> Self {
        match refusal.downcast::<Self>() {
            Ok(own) => *own,
            Err(_) => Self::Bug("a proposal was refused with an error of another block"),
        }
    }
}

impl From<Problem> for FaceError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl From<FaceError> for Problem {
    fn from(error: FaceError) -> Self {
        match error {
            FaceError::Problem(problem) => *problem,
            FaceError::Store(error) => store_problem(error),
            FaceError::Corrupt(_) | FaceError::Bug(_) => Self::internal(error),
            FaceError::Context(error) => {
                let ja = format!("@contextを利用できません: {}", japanese::context(&error));
                Self::new(error.kind(), Text::both(error.to_string(), ja))
            }
            FaceError::Refused { kind, detail } => Self::new(kind, detail),
            FaceError::Query(error) => {
                let ja = format!("クエリの指定が正しくありません: {}", japanese::query(&error));
                Self::new(error.kind(), Text::both(error.to_string(), ja))
            }
            FaceError::Entity(error) => {
                let ja = format!("エンティティの内容が正しくありません: {}", japanese::entity(&error));
                let problem = Self::new(ErrorKind::BadRequestData, Text::both(error.to_string(), ja));
                // A pointer that is cut off would point elsewhere; one that nobody reads is left out.
                match error.pointer.len() <= LONGEST_POINTER {
                    true => problem.with_member("pointer", Json::from(error.pointer)),
                    false => problem,
                }
            }
            FaceError::EntityExists { id } => Self::new(
                ErrorKind::AlreadyExists,
                Text::both(
                    format!("the entity {id} exists already; PATCH or PUT changes it"),
                    format!("エンティティ{id}はすでに存在します。変更するにはPATCHまたはPUTを使ってください"),
                ),
            ),
            FaceError::NoTenant { tenant, begins } => {
                Self::new(ErrorKind::NonexistentTenant, no_tenant(&tenant, begins))
            }
            FaceError::TenantExists { tenant } => {
                let name = tenant.word();
                Self::new(
                    ErrorKind::AlreadyExists,
                    Text::both(
                        format!("there is a tenant {name} already"),
                        format!("テナント{name}はすでに存在します"),
                    ),
                )
            }
            FaceError::TenantBusy { tenant } => Self::new(
                ErrorKind::Unavailable,
                Text::both(
                    format!("tenant \"{tenant}\" is being restored; try again when that is done"),
                    format!("テナント\"{tenant}\"は復元中です。完了後に再試行してください"),
                ),
            )
            .retry_after(Duration::from_secs(5)),
            FaceError::EntityNotFound { ref id } => not_found(&error, format!("エンティティ{id}は存在しません")),
            FaceError::OfOtherType { ref id } => {
                not_found(&error, format!("エンティティ{id}は指定された型ではありません"))
            }
            FaceError::AttributeNotFound { ref id, ref attribute, dataset_id: None } => {
                not_found(&error, format!("エンティティ{id}に属性{attribute}はありません"))
            }
            FaceError::AttributeNotFound { id, attribute, dataset_id: Some(dataset_id) } => Self::new(
                ErrorKind::ResourceNotFound,
                Text::both(
                    format!("entity {id} has no instance {dataset_id} of the attribute {attribute}"),
                    format!("エンティティ{id}の属性{attribute}にdatasetIdが{dataset_id}のものはありません"),
                ),
            ),
            FaceError::ContextNotFound { ref id } => not_found(&error, format!("@context {id}は存在しません")),
        }
    }
}

fn no_tenant(tenant: &TenantId, begins: bool) -> Text {
    if begins {
        return Text::both(
            format!("there is no tenant \"{tenant}\"; a tenant begins with its first write"),
            format!("テナント\"{tenant}\"は存在しません。テナントは最初の書き込みで作られます"),
        );
    }
    Text::both(
        format!(
            "there is no tenant \"{tenant}\", and writes make none here ([tenants] create = false); the operator of the city makes it: machi tenants create {tenant}"
        ),
        format!(
            "テナント\"{tenant}\"は存在しません。書き込みでは作られない設定です([tenants] create = false)。都市の運用者がmachi tenants create {tenant}で作成します"
        ),
    )
}

fn not_found(error: &FaceError, ja: String) -> Problem {
    Problem::new(ErrorKind::ResourceNotFound, Text::both(error.to_string(), ja))
}

fn store_problem(error: StoreError) -> Problem {
    match error {
        StoreError::TooComplex(needed) => Problem::new(
            ErrorKind::TooComplexQuery,
            Text::both(
                format!(
                    "the query needs more work than its budget allows ([limits] query_reads, query_time): {}; narrow it down by a type or by an attribute that few entities have",
                    needed.in_language(Language::English)
                ),
                format!(
                    "検索の処理量が上限([limits] query_reads, query_time)を超えました({})。型や属性の条件で絞り込んでください",
                    needed.in_language(Language::Japanese)
                ),
            ),
        ),
        StoreError::InvalidCursor => Problem::new(
            ErrorKind::BadRequestData,
            Text::both(
                "the cursor does not belong to this query; follow the \"next\" link as it stands in the Link header",
                "cursorがこの検索のものではありません。Linkヘッダーの\"next\"をそのまま使ってください",
            ),
        ),
        StoreError::PositionGone(_) => Problem::new(
            ErrorKind::ResourceNotFound,
            Text::both(error.to_string(), "指定された時点はもう保存されていません"),
        ),
        StoreError::ReadOnly { reason } => Problem::new(
            ErrorKind::Unavailable,
            Text::both(
                format!("writes are not taken now, reads are: {}", reason.in_language(Language::English)),
                format!(
                    "現在書き込みを受け付けていません(読み取りは可能です): {}",
                    reason.in_language(Language::Japanese)
                ),
            ),
        )
        .retry_after(Duration::from_secs(10)),
        StoreError::TooManyNames { most } => Problem::new(
            ErrorKind::RequestEntityTooLarge,
            Text::both(
                error.to_string(),
                format!("新しい属性名とdatasetIdの合計が{most}バイトを超えています。分割して送信してください"),
            ),
        ),
        StoreError::Overloaded => Problem::new(
            ErrorKind::Unavailable,
            Text::both(error.to_string(), "書き込みが集中しています。少し待って再試行してください"),
        )
        .retry_after(Duration::from_secs(1)),
        StoreError::Away(_) => {
            let ja = "データベースに接続できません。復旧するまで待って再試行してください";
            let text = Text::both("the database behind this city cannot be reached; try again in a while", ja);
            Problem::new(ErrorKind::Unavailable, text).retry_after(Duration::from_secs(5)).because(error)
        }
        StoreError::Uncertain(_) => {
            let ja = "書き込みの途中でデータベースへの接続が切れ、書き込まれたかどうかを確認できません。再送の前に読み取って確認してください。Idempotency-Keyを付けた要求はそのまま再送できます";
            let en = "the connection to the database broke off while this was being written, and whether it was could not be found out; read it before you send it again, or repeat it as it is where it had an Idempotency-Key";
            Problem::new(ErrorKind::Unavailable, Text::both(en, ja)).retry_after(Duration::from_secs(5)).because(error)
        }
        StoreError::Closing => {
            Problem::new(ErrorKind::Unavailable, Text::both("the server is stopping", "サーバーは停止処理中です"))
                .retry_after(Duration::from_secs(5))
        }
        StoreError::NotEmpty { .. }
        | StoreError::IsBackup { .. }
        | StoreError::Unfinished { .. }
        | StoreError::Inside { .. }
        | StoreError::Unusable { .. }
        | StoreError::InUse { .. }
        | StoreError::NewerFormat { .. }
        | StoreError::Missing { .. }
        | StoreError::Damaged { .. }
        | StoreError::Served
        | StoreError::Unnamed(_)
        | StoreError::Io { .. }
        | StoreError::Engine(_) => Problem::internal(error),
    }
}
