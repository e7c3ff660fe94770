//! `GET /ngsi-ld/v1/info/sourceIdentity`: who this context source is (ETSI GS CIM 009 §5.2.40, §6.33).
//!
//! A tenant has its alias before its first write, so that neighbours can register it beforehand.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use machi_face::Asked;
use machi_http::Problem;
use machi_http::answer::representation;
use machi_http::request::{MediaType, accept};
use machi_types::Json;

use crate::Broker;

pub(super) async fn handle(State(broker): State<Arc<Broker>>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let media = accept(&asked.headers, MediaType::STANDARD)?;
    let source = &broker.config.source;
    let tenant = asked.caller.tenant();
    // The alias tells tenants apart, so that a loop over two tenants of one city is none (§4.14).
    let alias = if tenant.is_default() { source.alias.clone() } else { format!("{}~{tenant}", source.alias) };
    let mut members = vec![
        ("id".into(), Json::from(source.id.clone())),
        ("type".into(), Json::from("ContextSourceIdentity")),
        ("contextSourceAlias".into(), Json::from(alias)),
        ("contextSourceUptime".into(), Json::from(duration(broker.started.elapsed()))),
        ("contextSourceTimeAt".into(), Json::from(broker.clock.now().to_string())),
    ];
    if media == MediaType::JsonLd {
        members.push(("@context".into(), Json::from(machi_model::context::CORE_URL)));
    }
    let body = representation(media, Json::Object(members).to_text());
    Ok(super::output::linked_to_core(media, body))
}

/// An ISO 8601 duration in days, hours, minutes and seconds.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    format!("P{days}DT{hours}H{minutes}M{seconds}S")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_iso_8601_has_them() {
        assert_eq!(duration(Duration::from_secs(0)), "P0DT0H0M0S");
        assert_eq!(duration(Duration::from_secs(93_784)), "P1DT2H3M4S");
    }
}
