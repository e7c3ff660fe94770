//! `/ngsi-ld/v1/subscriptions`: who is told of what (ETSI GS CIM 009 §5.8, §6.10, §6.11).

pub(super) mod create;
pub(super) mod delete;
pub(super) mod query;
pub(super) mod retrieve;
pub(super) mod update;

use machi_http::Problem;
use machi_http::request::Query;

/// The path of the subscriptions.
const SUBSCRIPTIONS_PATH: &str = "/ngsi-ld/v1/subscriptions/";

/// Whether `options` asks for the times of creation and change (§6.3.11).
fn wants_sys_attrs(parameters: &Query<'_>) -> Result<bool, Problem> {
    Ok(parameters.words("options", &["sysAttrs"])?.contains(&"sysAttrs"))
}
