//! The HTTP face: `POST /machi/v1/sql`.

mod format;
mod query;

use std::sync::Arc;

use machi_http::openapi::Api;

use crate::Sql;

/// The endpoint, with its description.
pub fn api(sql: Arc<Sql>) -> Api {
    Api::new().route(query::operation(), query::handle).with_state(sql)
}

#[cfg(test)]
mod tests {
    use machi_http::openapi::document;

    use super::*;

    /// The endpoint's description stands beside that of the others, as not every program has it.
    #[test]
    fn the_description_is_the_committed_one() {
        let about = "What the SQL face adds to openapi.json, in programs that are built with it.";
        let described = document("Machi", env!("CARGO_PKG_VERSION"), about, &[query::operation()], Vec::new());
        let text = serde_json::to_string_pretty(&described).expect("every key is a string");
        let golden = include_str!("../../../../docs/api/openapi-sql.json");
        assert_eq!(text.trim_end(), golden.trim_end(), "docs/api/openapi-sql.json should be:\n{text}");
    }
}
