//! The one table from kinds of error to type, status and title.

use http::StatusCode;
use machi_types::ErrorKind;

/// One line of the table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The type URI of the problem.
    pub(crate) type_uri: &'static str,
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// The title in English.
    pub(crate) en: &'static str,
    /// The title in Japanese.
    pub(crate) ja: &'static str,
    /// Whether the NGSI-LD face answers with the status alone.
    pub(crate) bare: bool,
}

macro_rules! ngsi_ld {
    ($name:literal) => {
        concat!("https://uri.etsi.org/ngsi-ld/errors/", $name)
    };
}

const fn row(type_uri: &'static str, status: StatusCode, en: &'static str, ja: &'static str) -> Row {
    Row { type_uri, status, en, ja, bare: false }
}

const fn bare(type_uri: &'static str, status: StatusCode, en: &'static str, ja: &'static str) -> Row {
    Row { type_uri, status, en, ja, bare: true }
}

// ETSI GS CIM 009 Table 6.3.2-1.
static BAD_REQUEST_DATA: Row =
    row(ngsi_ld!("BadRequestData"), StatusCode::BAD_REQUEST, "Bad request data", "リクエストの内容が正しくありません");
static INVALID_REQUEST: Row =
    row(ngsi_ld!("InvalidRequest"), StatusCode::BAD_REQUEST, "Invalid request", "リクエストの形式が正しくありません");
static ALREADY_EXISTS: Row = row(ngsi_ld!("AlreadyExists"), StatusCode::CONFLICT, "Already exists", "すでに存在します");
static RESOURCE_NOT_FOUND: Row =
    row(ngsi_ld!("ResourceNotFound"), StatusCode::NOT_FOUND, "Resource not found", "見つかりません");
static NONEXISTENT_TENANT: Row =
    row(ngsi_ld!("NonexistentTenant"), StatusCode::NOT_FOUND, "Tenant does not exist", "テナントが存在しません");
static OPERATION_NOT_SUPPORTED: Row = row(
    ngsi_ld!("OperationNotSupported"),
    StatusCode::UNPROCESSABLE_ENTITY,
    "Operation not supported",
    "この操作には対応していません",
);
static TOO_COMPLEX_QUERY: Row =
    row(ngsi_ld!("TooComplexQuery"), StatusCode::FORBIDDEN, "Query too complex", "検索条件が複雑すぎます");
static TOO_MANY_RESULTS: Row =
    row(ngsi_ld!("TooManyResults"), StatusCode::FORBIDDEN, "Too many results", "結果が多すぎます");
static LD_CONTEXT_NOT_AVAILABLE: Row = row(
    ngsi_ld!("LdContextNotAvailable"),
    StatusCode::GATEWAY_TIMEOUT,
    "JSON-LD @context not available",
    "JSON-LDの@contextを取得できません",
);
static NO_MULTI_TENANT_SUPPORT: Row = row(
    ngsi_ld!("NoMultiTenantSupport"),
    StatusCode::NOT_IMPLEMENTED,
    "No multi-tenant support",
    "マルチテナントに対応していません",
);
static INTERNAL_ERROR: Row =
    row(ngsi_ld!("InternalError"), StatusCode::INTERNAL_SERVER_ERROR, "Internal error", "内部エラー");

// What the standard leaves to HTTP (§6.3.2), and what it is silent about.
static TOO_LARGE: Row = row(
    "urn:machi:errors:RequestEntityTooLarge",
    StatusCode::PAYLOAD_TOO_LARGE,
    "Request body too large",
    "リクエスト本文が大きすぎます",
);
static UNSUPPORTED_MEDIA_TYPE: Row = bare(
    "urn:machi:errors:UnsupportedMediaType",
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "Unsupported media type",
    "対応していないメディアタイプです",
);
static NOT_ACCEPTABLE: Row = row(
    "urn:machi:errors:NotAcceptable",
    StatusCode::NOT_ACCEPTABLE,
    "Not acceptable",
    "受け入れ可能な形式で応答できません",
);
static LENGTH_REQUIRED: Row =
    bare("urn:machi:errors:LengthRequired", StatusCode::LENGTH_REQUIRED, "Length required", "Content-Lengthが必要です");
static METHOD_NOT_ALLOWED: Row = row(
    "urn:machi:errors:MethodNotAllowed",
    StatusCode::METHOD_NOT_ALLOWED,
    "Method not allowed",
    "このメソッドは使えません",
);
static PRECONDITION_FAILED: Row = row(
    "urn:machi:errors:PreconditionFailed",
    StatusCode::PRECONDITION_FAILED,
    "Precondition failed",
    "前提条件が満たされていません",
);
static UNAVAILABLE: Row = row(
    "urn:machi:errors:Unavailable",
    StatusCode::SERVICE_UNAVAILABLE,
    "Temporarily unavailable",
    "一時的に利用できません",
);
static GATEWAY_TIMEOUT: Row = row(
    "urn:machi:errors:GatewayTimeout",
    StatusCode::GATEWAY_TIMEOUT,
    "No answer in time",
    "時間内に応答がありません",
);
pub(crate) static REQUEST_TIMEOUT: Row = row(
    "urn:machi:errors:RequestTimeout",
    StatusCode::REQUEST_TIMEOUT,
    "Request too slow",
    "リクエストの受信が遅すぎます",
);
pub(crate) static URI_TOO_LONG: Row =
    row("urn:machi:errors:UriTooLong", StatusCode::URI_TOO_LONG, "Address too long", "アドレスが長すぎます");
pub(crate) static HEAD_TOO_LARGE: Row = row(
    "urn:machi:errors:RequestHeadTooLarge",
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "Address or headers too long",
    "アドレスまたはヘッダーが長すぎます",
);
pub(crate) static FORBIDDEN: Row =
    row("urn:machi:errors:Forbidden", StatusCode::FORBIDDEN, "Not allowed from here", "この接続元からは利用できません");

/// The line of a kind.
pub(crate) fn of(kind: ErrorKind) -> &'static Row {
    match kind {
        ErrorKind::BadRequestData => &BAD_REQUEST_DATA,
        ErrorKind::InvalidRequest => &INVALID_REQUEST,
        ErrorKind::AlreadyExists => &ALREADY_EXISTS,
        ErrorKind::ResourceNotFound => &RESOURCE_NOT_FOUND,
        ErrorKind::NonexistentTenant => &NONEXISTENT_TENANT,
        ErrorKind::OperationNotSupported => &OPERATION_NOT_SUPPORTED,
        ErrorKind::TooComplexQuery => &TOO_COMPLEX_QUERY,
        ErrorKind::TooManyResults => &TOO_MANY_RESULTS,
        ErrorKind::LdContextNotAvailable => &LD_CONTEXT_NOT_AVAILABLE,
        ErrorKind::NoMultiTenantSupport => &NO_MULTI_TENANT_SUPPORT,
        ErrorKind::RequestEntityTooLarge => &TOO_LARGE,
        ErrorKind::UnsupportedMediaType => &UNSUPPORTED_MEDIA_TYPE,
        ErrorKind::NotAcceptable => &NOT_ACCEPTABLE,
        ErrorKind::LengthRequired => &LENGTH_REQUIRED,
        ErrorKind::MethodNotAllowed => &METHOD_NOT_ALLOWED,
        ErrorKind::PreconditionFailed => &PRECONDITION_FAILED,
        ErrorKind::Unavailable => &UNAVAILABLE,
        ErrorKind::GatewayTimeout => &GATEWAY_TIMEOUT,
        ErrorKind::InternalError => &INTERNAL_ERROR,
    }
}
