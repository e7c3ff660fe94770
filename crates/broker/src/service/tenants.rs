//! Tenants as their provider sees them: which there are, how large, made before any write, and gone for good.

use machi_face::FaceError;
use machi_store::{Change, Commit, Decision, Document, Refusal, TenantStatus};
use machi_types::{Name, TenantId};

use crate::Broker;
use crate::collections::RESTORES;

/// The id of the row whose coming and going is all that ever happened in a tenant that was made.
const FIRST: &str = "made";

impl Broker {
    /// All tenants with their sizes, by name.
    pub async fn tenants(&self) -> Result<Vec<TenantStatus>, FaceError> {
        let mut tenants = self.store.tenants().await?;
        tenants.sort_by(|a, b| a.tenant.cmp(&b.tenant));
        Ok(tenants)
    }

    /// How large one tenant is.
    pub async fn tenant(&self, tenant: &TenantId) -> Result<TenantStatus, FaceError> {
        let tenants = self.store.tenants().await?;
        match tenants.into_iter().find(|status| status.tenant == *tenant) {
            Some(status) => Ok(status),
            // The default tenant is there before anything is in it (ETSI GS CIM 009 §5.5.10).
            None if tenant.is_default() => Ok(TenantStatus { tenant: tenant.clone(), documents: Vec::new(), bytes: 0 }),
            None => Err(self.face.no_tenant(tenant)),
        }
    }

    /// Makes a tenant that holds nothing.
    pub async fn create_tenant(&self, tenant: &TenantId) -> Result<(), FaceError> {
        self.face.check_at_rest(tenant)?;
        if tenant.is_default() || self.store.has_tenant(tenant).await? {
            return Err(FaceError::TenantExists { tenant: tenant.clone() });
        }
        // A tenant is there from its first commit on; this one leaves nothing.
        let come = |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(Decision::Change(Change::default())) };
        let go = |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(Decision::Delete) };
        let id = Name::from(FIRST);
        let commit = Commit::new(tenant.clone()).with(RESTORES, id.clone(), come).with(RESTORES, id, go);
        self.store.commit(commit).await?;
        Ok(())
    }

    /// Deletes everything of a tenant.
    pub async fn erase_tenant(&self, tenant: &TenantId) -> Result<(), FaceError> {
        self.tenant(tenant).await?;
        self.face.check_at_rest(tenant)?;
        self.clear_tenant(tenant).await
    }
}
