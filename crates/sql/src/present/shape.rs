//! What the values of an attribute have in common among the entities of a type: it is the type of their column.
//!
//! The store's facets tell it without a document being read: what an attribute's values are is tagged, but for numbers.

use machi_face::facets::value;
use machi_model::entity::{Corrupt, InstanceRef, Kind};
use machi_model::query::Moment;
use machi_store::{Condition, Filter};
use machi_types::{Name, Timestamp};

use super::Present;
use crate::SqlError;
use crate::cell::Cell;
use crate::column::{Column, Holds};

/// What the values of an attribute have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// All are numbers.
    Numbers,
    /// All are truth values.
    Flags,
    /// All are date-times.
    Times,
    /// All are texts, or links.
    Texts,
    /// Anything: as JSON.
    Json,
}

/// Which values there are.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each kind of value is there or not, whatever the others are")]
struct Seen {
    numbers: bool,
    flags: bool,
    times: bool,
    texts: bool,
    others: bool,
}

impl Seen {
    /// Notes what a tag says.
    fn note(&mut self, tag: &str) {
        match tag {
            value::FLAG => self.flags = true,
            value::TIME => self.times = true,
            value::TEXT | value::DAY => self.texts = true,
            value::MANY => self.others = true,
            _ => match kind_of(tag) {
                Some(Kind::Relationship) => self.texts = true,
                // Its own tag says whether it holds one word or many.
                Some(Kind::VocabProperty | Kind::Property) | None => {}
                Some(_) => self.others = true,
            },
        }
    }

    fn shape(self) -> Shape {
        match self {
            Self { others: true, .. } => Shape::Json,
            Self { numbers: true, flags: false, times: false, texts: false, .. } => Shape::Numbers,
            Self { numbers: false, flags: true, times: false, texts: false, .. } => Shape::Flags,
            Self { numbers: false, flags: false, times: true, texts: false, .. } => Shape::Times,
            Self { numbers: false, flags: false, .. } => Shape::Texts,
            _ => Shape::Json,
        }
    }
}

fn kind_of(tag: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == tag)
}

fn tells(tag: &str) -> bool {
    value::ALL.contains(&tag) || kind_of(tag).is_some()
}

impl Present {
    /// The attributes that entities of a type have, with the shapes of their values.
    pub(super) async fn attributes_of(&self, name: &Name) -> Result<Vec<(Name, Shape)>, SqlError> {
        let of_type = self.of_type(name);
        let mut found = Vec::new();
        for (attribute, tags) in &self.attributes {
            let among = of_type.clone().and(self.with(attribute, Condition::Exists));
            if self.has(among.clone()).await? {
                found.push((attribute.clone(), self.shape(attribute, tags, among).await?));
            }
        }
        Ok(found)
    }

    async fn shape(&self, attribute: &Name, tags: &[Name], among: Filter) -> Result<Shape, SqlError> {
        let mut seen = Seen::default();
        let mut tagged = Vec::new();
        for tag in tags.iter().filter(|tag| tells(tag)) {
            let Some(number) = self.names().lookup(tag) else { continue };
            let with_tag = self.with(attribute, Condition::Tag(number));
            tagged.push(with_tag.clone());
            if self.has(among.clone().and(with_tag)).await? {
                seen.note(tag);
            }
        }
        seen.numbers = tagged.is_empty() || self.has(among.and(Filter::Not(Box::new(Filter::Or(tagged))))).await?;
        Ok(seen.shape())
    }
}

impl Shape {
    pub(super) const fn holds(self) -> Holds {
        match self {
            Self::Numbers => Holds::Numbers,
            Self::Flags => Holds::Flags,
            Self::Times => Holds::Times,
            Self::Texts | Self::Json => Holds::Texts,
        }
    }

    /// Adds the value of an instance that has not expired, or nothing.
    pub(super) fn append(self, body: &[u8], now: Timestamp, column: &mut Column) -> Result<(), SqlError> {
        let instance = InstanceRef::read(body).map_err(|corrupt: Corrupt| SqlError::from(corrupt))?;
        if instance.expires_at().is_some_and(|at| at <= now) {
            column.null();
            return Ok(());
        }
        match (self, Cell::of(&instance)) {
            (Self::Numbers, Cell::Number(number)) => column.number(Some(number)),
            (Self::Flags, Cell::Flag(flag)) => column.flag(Some(flag)),
            (Self::Times, Cell::Text(text)) => column.time(Some(instant(&text)?)),
            (Self::Texts, Cell::Text(text)) => column.text(Some(&text)),
            // A link to several, or a whole column of everything.
            (Self::Texts, Cell::Json(json)) => column.text(Some(json)),
            (Self::Json, _) => column.text(Some(instance.value())),
            _ => return Err(unlike()),
        }
        Ok(())
    }
}

fn instant(text: &str) -> Result<Timestamp, SqlError> {
    match Moment::parse(text) {
        Some(Moment::DateTime(time)) => Ok(time),
        _ => Err(unlike()),
    }
}

/// The facets of one position say what its documents hold; no value is left out in silence.
fn unlike() -> SqlError {
    SqlError::Bug("the value of an attribute is unlike what the index says of it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_kind_have_a_column_of_it_and_mixed_ones_are_json() {
        let shape = |numbers: bool, tags: &[&str]| {
            let mut seen = Seen { numbers, ..Seen::default() };
            tags.iter().for_each(|tag| seen.note(tag));
            seen.shape()
        };
        for (numbers, tags, expected) in [
            (true, &[][..], Shape::Numbers),
            (false, &[value::FLAG][..], Shape::Flags),
            (false, &[value::TIME][..], Shape::Times),
            (false, &[value::TEXT][..], Shape::Texts),
            (false, &[value::TIME, value::TEXT][..], Shape::Texts),
            (false, &[value::DAY][..], Shape::Texts),
            (false, &["Relationship"][..], Shape::Texts),
            (false, &["VocabProperty", value::TEXT][..], Shape::Texts),
            (false, &["VocabProperty", value::MANY][..], Shape::Json),
            (false, &["JsonProperty", value::TEXT][..], Shape::Json),
            (false, &["LanguageProperty"][..], Shape::Json),
            (true, &[value::TEXT][..], Shape::Json),
            (true, &[value::FLAG][..], Shape::Json),
            (false, &[value::FLAG, value::TEXT][..], Shape::Json),
            (false, &[value::MANY][..], Shape::Json),
        ] {
            assert_eq!(shape(numbers, tags), expected, "{tags:?} and numbers: {numbers}");
        }
    }
}
