//! `/temporal/entityMaps`, which serves distributed operations (ETSI GS CIM 009 §5.14.5, §6.35).

use machi_face::Asked;
use machi_face::shown::refuse_entity_map;
use machi_http::Problem;

pub(super) async fn handle(_: Asked) -> Result<(), Problem> {
    refuse_entity_map(Some(true))
}
