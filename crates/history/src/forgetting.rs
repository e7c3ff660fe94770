//! A tenant that goes takes its past along.

use std::sync::Arc;

use machi_face::{FaceError, Forgetting, Keeper};
use machi_types::TenantId;

use crate::blocking;
use crate::error::HistoryError;
use crate::history::History;

impl Keeper for History {
    fn forget<'a>(&'a self, tenant: &'a TenantId) -> Forgetting<'a> {
        Box::pin(async move { self.forget_tenant(tenant).await.map_err(FaceError::from) })
    }
}

impl History {
    async fn forget_tenant(&self, tenant: &TenantId) -> Result<(), HistoryError> {
        // What was committed before it went must not come back.
        self.catch_up().await?;
        let turn = self.taking.lock().await;
        {
            let mut state = self.state.write();
            state.tenants.remove(tenant);
            state.archived.remove(tenant);
            state.amendments.retain(|(of, _)| of != tenant);
            // Whoever begins anew begins behind it.
            state.has_moved = true;
        }
        self.applied.write().remove(tenant);
        let (archive, of) = (Arc::clone(&self.archive), tenant.clone());
        blocking(move || archive.erase(&of)).await??;
        self.remembered.forget(tenant);
        self.types.lock().forget_tenant(tenant);
        self.hand_over(&turn).await
    }
}
