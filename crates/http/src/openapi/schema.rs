//! Shapes of JSON, in the part of JSON Schema that our endpoints need.

use machi_types::Json;

/// The shape of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema(Vec<(&'static str, Json<'static>)>);

impl Schema {
    /// Any value at all.
    pub fn any() -> Self {
        Self(Vec::new())
    }

    /// Text.
    pub fn string() -> Self {
        Self::of_type("string")
    }

    /// Text of a format that JSON Schema names, such as `date-time` or `uri`.
    pub fn format(format: &'static str) -> Self {
        Self::string().with("format", format.into())
    }

    /// One of these words.
    pub fn one_of(words: &[&'static str]) -> Self {
        Self::string().with("enum", Json::Array(words.iter().map(|word| Json::from(*word)).collect()))
    }

    /// A whole number.
    pub fn integer() -> Self {
        Self::of_type("integer")
    }

    /// A number.
    pub fn number() -> Self {
        Self::of_type("number")
    }

    /// A truth value.
    pub fn boolean() -> Self {
        Self::of_type("boolean")
    }

    /// A list.
    pub fn array(items: Self) -> Self {
        Self::of_type("array").with("items", items.into_json())
    }

    /// An object whose members are all there.
    pub fn object(members: Vec<(&'static str, Self)>) -> Self {
        let required = members.iter().map(|(name, _)| Json::from(*name)).collect();
        Self::partial_object(members).with("required", Json::Array(required))
    }

    /// An object whose members may each be missing.
    pub fn partial_object(members: Vec<(&'static str, Self)>) -> Self {
        let properties = members.into_iter().map(|(name, schema)| (name.into(), schema.into_json())).collect();
        Self::of_type("object").with("properties", Json::Object(properties))
    }

    /// The object with a member that may be missing.
    #[must_use]
    pub fn and_maybe(mut self, name: &'static str, schema: Self) -> Self {
        let properties = self.0.iter_mut().find(|(known, _)| *known == "properties");
        if let Some((_, Json::Object(members))) = properties {
            members.push((name.into(), schema.into_json()));
        }
        self
    }

    /// A shape that stands under `components/schemas`.
    pub fn reference(name: &str) -> Self {
        Self(vec![("$ref", format!("#/components/schemas/{name}").into())])
    }

    /// Adds what the value means.
    #[must_use]
    pub fn described(self, text: &'static str) -> Self {
        self.with("description", text.into())
    }

    fn of_type(name: &'static str) -> Self {
        Self(vec![("type", name.into())])
    }

    fn with(mut self, name: &'static str, value: Json<'static>) -> Self {
        self.0.push((name, value));
        self
    }

    pub(super) fn into_json(self) -> Json<'static> {
        Json::Object(self.0.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}
