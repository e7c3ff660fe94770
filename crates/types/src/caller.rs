//! Who asks: every operation takes a caller, so that code that forgets the tenant does not compile.

use std::fmt;

use crate::TenantId;

/// Who asks, in which tenant, under which request id.
#[derive(Clone, Debug)]
pub struct Caller {
    tenant: TenantId,
    request: RequestId,
}

impl Caller {
    /// The caller of an open city (`--open`): anybody, in one tenant.
    pub fn anonymous(tenant: TenantId, request: RequestId) -> Self {
        Self { tenant, request }
    }

    /// The tenant in which the caller acts.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The request as the log names it.
    pub fn request(&self) -> RequestId {
        self.request
    }
}

/// Names one request in logs and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(pub u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
