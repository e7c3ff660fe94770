//! Tenants as their provider sees them: which there are, how large, and gone for good.

use machi_store::TenantStatus;
use machi_types::TenantId;

use crate::{Broker, BrokerError};

impl Broker {
    /// All tenants with their sizes, by name.
    pub async fn tenants(&self) -> Result<Vec<TenantStatus>, BrokerError> {
        let mut tenants = self.store.tenants().await?;
        tenants.sort_by(|a, b| a.tenant.cmp(&b.tenant));
        Ok(tenants)
    }

    /// How large one tenant is.
    pub async fn tenant(&self, tenant: &TenantId) -> Result<TenantStatus, BrokerError> {
        let tenants = self.store.tenants().await?;
        match tenants.into_iter().find(|status| status.tenant == *tenant) {
            Some(status) => Ok(status),
            // The default tenant is there before anything is in it (ETSI GS CIM 009 §5.5.10).
            None if tenant.is_default() => Ok(TenantStatus { tenant: tenant.clone(), documents: Vec::new(), bytes: 0 }),
            None => Err(BrokerError::NoTenant { tenant: tenant.clone() }),
        }
    }

    /// Deletes everything of a tenant.
    pub async fn erase_tenant(&self, tenant: &TenantId) -> Result<(), BrokerError> {
        self.tenant(tenant).await?;
        self.check_at_rest(tenant)?;
        self.clear_tenant(tenant).await
    }
}
