//! Why a query is refused or fails, and what a client reads of it.

use std::time::Duration;

use datafusion::arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};
use machi_archive::ArchiveError;
use machi_face::FaceError;
use machi_http::{Language, Problem, Text};
use machi_model::entity::Corrupt;
use machi_store::StoreError;
use machi_types::ErrorKind;

/// The longest text of the engine that is handed on.
const LONGEST: usize = 1000;

/// What is at fault, as far as clients tell faults apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The words of the query.
    Syntax,
    /// A table that is not there.
    Table,
    /// A column that is not there.
    Column,
    /// A column that could be either of two.
    Ambiguous,
    /// A function that is not there, or not for these arguments.
    Function,
    /// Something else of the query.
    Query,
    /// A value that the query cannot go on with.
    Value,
    /// A text that does not say what it should.
    Text,
    /// A number that is too large.
    Range,
    /// A division by zero.
    Zero,
    /// The query is too long or too deep.
    Length,
    /// A statement that would change something, or is no query.
    Write,
    /// What is not offered here.
    Unsupported,
    /// The time of the query.
    Time,
    /// Nobody but the client, which ended it.
    Cancelled,
    /// The memory of the query.
    Memory,
    /// How many rows the answer has.
    Rows,
    /// How many ask at once.
    Busy,
    /// The tenant.
    Tenant,
    /// Something of ours, or what we need.
    Ours,
}

impl Fault {
    const fn kind(self) -> ErrorKind {
        match self {
            Self::Write => ErrorKind::OperationNotSupported,
            Self::Time | Self::Memory | Self::Cancelled => ErrorKind::TooComplexQuery,
            Self::Rows => ErrorKind::TooManyResults,
            Self::Busy => ErrorKind::Unavailable,
            Self::Tenant => ErrorKind::NonexistentTenant,
            Self::Ours => ErrorKind::InternalError,
            _ => ErrorKind::BadRequestData,
        }
    }

    const fn of_kind(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::BadRequestData | ErrorKind::InvalidRequest => Self::Query,
            ErrorKind::OperationNotSupported => Self::Unsupported,
            ErrorKind::TooComplexQuery => Self::Memory,
            ErrorKind::TooManyResults => Self::Rows,
            ErrorKind::Unavailable => Self::Busy,
            ErrorKind::NonexistentTenant => Self::Tenant,
            _ => Self::Ours,
        }
    }

    /// What the engine finds at fault.
    fn of_engine(error: &DataFusionError) -> Self {
        match error {
            DataFusionError::SQL(..) => Self::Syntax,
            DataFusionError::SchemaError(error, _) => match &**error {
                SchemaError::FieldNotFound { .. } => Self::Column,
                SchemaError::AmbiguousReference { .. } => Self::Ambiguous,
                _ => Self::Query,
            },
            DataFusionError::NotImplemented(_) => Self::Unsupported,
            DataFusionError::Plan(text) => Self::of_words(text),
            DataFusionError::Execution(_) => Self::Value,
            DataFusionError::ArrowError(error, _) => match &**error {
                ArrowError::CastError(_) | ArrowError::ParseError(_) => Self::Text,
                ArrowError::DivideByZero => Self::Zero,
                ArrowError::ArithmeticOverflow(_) => Self::Range,
                _ => Self::Value,
            },
            _ => Self::Query,
        }
    }

    /// The planner tells by its words alone what it did not find.
    fn of_words(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        if text.starts_with("table '") && text.contains("' not found") {
            Self::Table
        } else if text.starts_with("invalid function") || text.starts_with("table function '") {
            Self::Function
        } else if text.starts_with("column '") && text.contains(" not found") {
            Self::Column
        } else if text.starts_with("no sql statements") {
            Self::Syntax
        } else {
            Self::Query
        }
    }
}

/// Why there is no answer, or no more of it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SqlError {
    /// The query is wrong, asks for too much, or cannot be answered now.
    #[error("{}", detail.in_language(Language::English))]
    Refused {
        /// What kind of fault it is to all faces alike.
        kind: ErrorKind,
        /// What kind of fault it is to clients of databases.
        fault: Fault,
        /// What happened, and what would be right.
        detail: Text,
    },
    /// A promise of our own was broken.
    #[error("{0}")]
    Bug(String),
}

impl SqlError {
    pub(crate) fn refused(fault: Fault, en: impl Into<String>, ja: impl Into<String>) -> Self {
        Self::Refused { kind: fault.kind(), fault, detail: Text::both(en.into(), ja.into()) }
    }

    /// A statement that would change something, or is no query.
    pub(crate) fn no_query(what: &str) -> Self {
        let what = cut(what);
        Self::refused(
            Fault::Write,
            format!(
                "SQL only reads here, and nothing was done: {what}; a query begins with SELECT, WITH, VALUES or EXPLAIN"
            ),
            format!(
                "SQLは読み取り専用のため、何も実行していません({what})。SELECT、WITH、VALUES、EXPLAINのいずれかで始めてください"
            ),
        )
    }

    /// A query that did not end in its time.
    pub(crate) fn late(time: Duration) -> Self {
        let seconds = time.as_secs_f64();
        Self::refused(
            Fault::Time,
            format!(
                "the query was not done after {seconds} s ([sql] time) and was ended; a condition on entity, attribute or time makes it shorter"
            ),
            format!(
                "クエリが{seconds}秒([sql] time)以内に終わらなかったため、中止しました。エンティティ、属性、時刻の条件で絞り込んでください"
            ),
        )
    }

    /// A query that its client ended.
    pub(crate) fn cancelled() -> Self {
        Self::refused(Fault::Cancelled, "the query was cancelled, as was asked", "要求によりクエリを中止しました")
    }

    /// A query that gives more rows than may be.
    pub(crate) fn too_many_rows(most: u64) -> Self {
        Self::refused(
            Fault::Rows,
            format!(
                "the answer has more than {most} rows ([sql] rows); LIMIT, or a narrower condition, makes it shorter"
            ),
            format!("結果が{most}行([sql] rows)を超えます。LIMITを付けるか、条件で絞り込んでください"),
        )
    }

    /// A query that needs more memory than may be.
    pub(crate) fn too_large(memory: usize) -> Self {
        Self::refused(
            Fault::Memory,
            format!(
                "the query needs more than {memory} bytes of memory ([sql] memory); a narrower condition, or fewer groups, needs less"
            ),
            format!(
                "クエリに必要なメモリが{memory}バイト([sql] memory)を超えます。条件で絞り込むか、グループを減らしてください"
            ),
        )
    }

    /// Too many queries at once.
    pub(crate) fn busy(most: usize) -> Self {
        Self::refused(
            Fault::Busy,
            format!("{most} queries are under way ([sql] queries), and none has ended in time; try again in a moment"),
            format!("実行中のクエリが上限の{most}件([sql] queries)に達しています。少し待って再試行してください"),
        )
    }

    /// What the engine says, in our words. `memory` is what the query may hold.
    pub(crate) fn of_engine(error: &DataFusionError, memory: usize) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::too_large(memory),
            DataFusionError::External(own) => match own.downcast_ref::<Self>() {
                Some(own) => own.clone(),
                None => Self::Bug(own.to_string()),
            },
            // The engine's own words: it speaks English alone.
            DataFusionError::SQL(..)
            | DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Execution(_)
            | DataFusionError::ArrowError(..)
            | DataFusionError::Diagnostic(..)
            | DataFusionError::Collection(_)
            | DataFusionError::Configuration(_) => {
                let what = cut(&error.strip_backtrace());
                let fault = Fault::of_engine(innermost(error));
                Self::refused(
                    fault,
                    format!("the query cannot be answered: {what}"),
                    format!("クエリを実行できません: {what}"),
                )
            }
            _ => Self::Bug(error.strip_backtrace()),
        }
    }

    /// As the engine hands it through.
    pub(crate) fn into_engine(self) -> DataFusionError {
        DataFusionError::External(Box::new(self))
    }
}

impl From<SqlError> for Problem {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Refused { kind: ErrorKind::Unavailable, detail, .. } => {
                Self::new(ErrorKind::Unavailable, detail).retry_after(Duration::from_secs(1))
            }
            SqlError::Refused { kind, detail, .. } => Self::new(kind, detail),
            SqlError::Bug(_) => Self::internal(error),
        }
    }
}

impl From<FaceError> for SqlError {
    fn from(error: FaceError) -> Self {
        match error {
            FaceError::Refused { kind, detail } => Self::Refused { kind, fault: Fault::of_kind(kind), detail },
            FaceError::Store(error) => error.into(),
            FaceError::NoTenant { tenant, .. } => Self::refused(
                Fault::Tenant,
                format!("there is no tenant \"{tenant}\""),
                format!("テナント\"{tenant}\"は存在しません"),
            ),
            FaceError::TenantBusy { tenant } => Self::refused(
                Fault::Busy,
                format!("tenant \"{tenant}\" is being restored; try again when that is done"),
                format!("テナント\"{tenant}\"は復元中です。完了後に再試行してください"),
            ),
            other => Self::Bug(other.to_string()),
        }
    }
}

impl From<StoreError> for SqlError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooComplex(detail) => {
                Self::Refused { kind: ErrorKind::TooComplexQuery, fault: Fault::Memory, detail }
            }
            other => Self::Bug(other.to_string()),
        }
    }
}

impl From<ArchiveError> for SqlError {
    fn from(error: ArchiveError) -> Self {
        let kind = match error {
            ArchiveError::TooComplex(_) => ErrorKind::TooComplexQuery,
            ArchiveError::Damaged { .. } => ErrorKind::InternalError,
            ArchiveError::Unreachable { .. } => ErrorKind::Unavailable,
        };
        Self::Refused { kind, fault: Fault::of_kind(kind), detail: error.text() }
    }
}

impl From<Corrupt> for SqlError {
    fn from(_: Corrupt) -> Self {
        Self::Bug("what is stored of an entity cannot be read".to_owned())
    }
}

/// What lies in the middle of what the engine wraps around it.
fn innermost(error: &DataFusionError) -> &DataFusionError {
    match error.find_root() {
        DataFusionError::Diagnostic(_, inner) | DataFusionError::Context(_, inner) => innermost(inner),
        DataFusionError::Collection(errors) => errors.first().map_or(error, innermost),
        root => root,
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}
