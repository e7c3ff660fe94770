//! The kinds of error that an API can answer; `http` maps each to a type, a status and a title.

/// What kind of failure an answer tells of (ETSI GS CIM 009 §5.5.2, and our own where it is silent).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request's content is wrong.
    BadRequestData,
    /// The request is malformed: syntax, headers or unknown parameters.
    InvalidRequest,
    /// There is something with this id already.
    AlreadyExists,
    /// There is nothing with this id.
    ResourceNotFound,
    /// The tenant does not exist.
    NonexistentTenant,
    /// The operation is not offered.
    OperationNotSupported,
    /// The query needs more work than its budget allows.
    TooComplexQuery,
    /// The answer would be larger than is allowed.
    TooManyResults,
    /// A remote JSON-LD context could not be loaded.
    LdContextNotAvailable,
    /// No source holds the requested operation, though one matches.
    NoMultiTenantSupport,
    /// The body is longer than is allowed.
    RequestEntityTooLarge,
    /// The body has a content type that the operation does not take.
    UnsupportedMediaType,
    /// None of the accepted content types can be answered.
    NotAcceptable,
    /// The body's length is not given.
    LengthRequired,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The entity has changed since the version that the request names.
    PreconditionFailed,
    /// Too busy, or out of disk: try later.
    Unavailable,
    /// A source that was asked did not answer in time.
    GatewayTimeout,
    /// A bug of ours.
    InternalError,
}
