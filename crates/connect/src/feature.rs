//! A GeoJSON feature that says what it is: the GeoJSON representation of an entity (ETSI GS CIM 009 §4.5.16).

use std::borrow::Cow;

use machi_types::Json;
use machi_types::json::Members;

use crate::RowError;

/// Whether this is a feature rather than an entity in another representation.
pub(crate) fn is_feature(json: &Json<'_>) -> bool {
    let has_no_properties = json.get("properties") == Some(&Json::Null);
    json.get("type").and_then(Json::as_str) == Some("Feature") && (json.get("geometry").is_some() || has_no_properties)
}

/// The entity that a feature represents; its properties name the entity's type.
pub(crate) fn entity(feature: &Json<'static>) -> Result<Json<'static>, RowError> {
    let properties = feature.get("properties").and_then(Json::as_object);
    let Some(id) = feature.get("id").or_else(|| feature.get("properties")?.get("id")) else {
        return Err(RowError::new(
            ("the feature has no \"id\"", "Featureに\"id\"がありません"),
            (
                "an \"id\" that is an IRI, or a mapping that makes one (--mapping)",
                "IRIの\"id\"を付けるか、対応表(--mapping)で指定してください",
            ),
        ));
    };
    let Some(properties) = properties.filter(|properties| properties.iter().any(|(name, _)| name == "type")) else {
        return Err(RowError::new(
            ("the feature's properties have no \"type\"", "propertiesに\"type\"がありません"),
            (
                "a \"type\" that names the entity type, or a mapping that says one (--mapping)",
                "エンティティ型を表す\"type\"を付けるか、対応表(--mapping)で指定してください",
            ),
        ));
    };
    let mut members: Members<'static> = vec![(Cow::Borrowed("id"), identifier(id))];
    members.extend(properties.iter().filter(|(name, value)| name != "id" && *value != Json::Null).cloned());
    let has_location = members.iter().any(|(name, _)| name == "location");
    let geometry = feature.get("geometry").filter(|geometry| **geometry != Json::Null && !has_location);
    members.extend(geometry.map(|geometry| (Cow::Borrowed("location"), geometry.clone())));
    let context = feature.get("@context").filter(|_| !members.iter().any(|(name, _)| name == "@context"));
    members.extend(context.map(|context| (Cow::Borrowed("@context"), context.clone())));
    Ok(Json::Object(members))
}

/// RFC 7946 §3.2: a feature's id may be a number, which is then the text of an entity's id.
fn identifier(id: &Json<'static>) -> Json<'static> {
    match id {
        Json::Number(_) => Json::from(id.to_text()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_types::json::{DEFAULT_DEPTH, parse};

    fn made(text: &str) -> Result<String, RowError> {
        let feature = parse(text.as_bytes(), DEFAULT_DEPTH).unwrap().into_owned();
        assert!(is_feature(&feature));
        entity(&feature).map(|entity| entity.to_text())
    }

    #[test]
    fn a_feature_that_names_its_type_is_an_entity() {
        let geometry = r#"{"type":"Point","coordinates":[1,2]}"#;
        let text = format!(
            r#"{{"id":"urn:x:1","type":"Feature","geometry":{geometry},"properties":{{"type":"T","a":1,"b":null}}}}"#
        );
        assert_eq!(made(&text).unwrap(), format!(r#"{{"id":"urn:x:1","type":"T","a":1,"location":{geometry}}}"#));
        let untyped = made(r#"{"id":"urn:x:1","type":"Feature","geometry":null,"properties":{}}"#).unwrap_err();
        assert!(untyped.to_string().contains("no \"type\"") && untyped.to_string().contains("--mapping"));
    }
}
