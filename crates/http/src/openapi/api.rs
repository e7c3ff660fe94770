//! Routes together with their descriptions.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};
use http::Method;

use super::Operation;

/// The endpoints of one block.
#[derive(Debug)]
pub struct Api<S = ()> {
    router: Router<S>,
    operations: Vec<Operation>,
}

impl<S: Clone + Send + Sync + 'static> Default for Api<S> {
    fn default() -> Self {
        Self { router: Router::new(), operations: Vec::new() }
    }
}

impl<S: Clone + Send + Sync + 'static> Api<S> {
    /// No endpoint yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an endpoint.
    #[must_use]
    pub fn route<H, T>(mut self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.router = self.router.route(operation.path, on(filter(&operation.method), handler));
        self.operations.push(operation);
        self
    }

    /// Gives the handlers their state.
    pub fn with_state(self, state: S) -> Api {
        Api { router: self.router.with_state(state), operations: self.operations }
    }

    /// Adds the endpoints of another block.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.operations.extend(other.operations);
        self
    }

    /// The descriptions.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The routes.
    pub fn into_router(self) -> Router<S> {
        self.router
    }
}

fn filter(method: &Method) -> MethodFilter {
    match *method {
        Method::POST => MethodFilter::POST,
        Method::PUT => MethodFilter::PUT,
        Method::PATCH => MethodFilter::PATCH,
        Method::DELETE => MethodFilter::DELETE,
        // GET answers HEAD as well; our endpoints use no other method.
        _ => MethodFilter::GET,
    }
}
