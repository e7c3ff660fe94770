//! The only way out: HTTP and HTTPS requests to contexts, receivers and sources.
//!
//! Every connection passes the [`Egress`] guard: the name is resolved, inside addresses are refused unless the
//! operator allows them, and the connection goes to the very address that was checked. Redirects are off
//! unless asked for, and each hop is checked again.

mod cidr;
mod connect;
mod connection;
mod egress;
mod error;
mod insist;
mod send;
mod shown;
mod stream;
mod tls;

pub use cidr::{Cidr, InvalidCidr};
pub use connection::Connection;
pub use egress::{Egress, EgressError};
pub use error::ClientError;
pub use insist::{Again, Pauses, Silence, heard, insist};
pub use send::{Client, ClientAnswer, ClientRequest, ClientSettings};
pub use shown::without_password;
pub use tls::TrustError;
