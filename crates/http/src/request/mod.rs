//! Typed input: what a handler may ask of a request, each refused with a problem that says what is right.

mod accept;
mod body;
mod caller;
mod conditions;
mod content_type;
mod context;
mod etag;
mod form;
pub mod link;
mod page;
mod parameters;
mod prefer;
mod query;

pub use accept::{MediaType, accept};
pub use body::{BodyLimits, BodyStream, read_body};
pub(crate) use body::{Stopped, broken_body};
pub use caller::{Arrival, RequestCaller, TENANT_HEADER, tenant};
pub use conditions::Conditions;
pub(crate) use content_type::PATCH_TYPES;
pub use content_type::{BodyType, body_type, stated_type, unsupported_type};
pub use context::{CONTEXT_RELATION, context_link};
pub use etag::Etag;
pub use form::{Form, Part};
pub use page::{PAGE_PARAMETERS, Page, PageLimits, Start};
pub use parameters::Parameterized;
pub use prefer::{GeoJsonContext, Prefer, SpecVersion};
pub use query::Query;
pub(crate) use query::shortened;
