//! What kinds of change make a notification due (ETSI GS CIM 009 §5.2.12, `notificationTrigger`).

/// A set of kinds of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Triggers(u8);

/// The words of the standard, with what each stands for.
pub(crate) const WORDS: [(&str, Triggers); 6] = [
    ("entityCreated", Triggers::ENTITY_CREATED),
    ("entityUpdated", Triggers::ENTITY_UPDATED),
    ("entityDeleted", Triggers::ENTITY_DELETED),
    ("attributeCreated", Triggers::ATTRIBUTE_CREATED),
    ("attributeUpdated", Triggers::ATTRIBUTE_UPDATED),
    ("attributeDeleted", Triggers::ATTRIBUTE_DELETED),
];

/// What a subscription that names none is told of.
pub(crate) const DEFAULT_WORDS: [&str; 2] = ["attributeCreated", "attributeUpdated"];

impl Triggers {
    /// None of them.
    pub(crate) const NONE: Self = Self(0);
    /// An entity comes to be.
    pub(crate) const ENTITY_CREATED: Self = Self(1);
    /// An entity goes.
    pub(crate) const ENTITY_DELETED: Self = Self(1 << 1);
    /// An attribute instance comes to be.
    pub(crate) const ATTRIBUTE_CREATED: Self = Self(1 << 2);
    /// An attribute instance gets another content.
    pub(crate) const ATTRIBUTE_UPDATED: Self = Self(1 << 3);
    /// An attribute instance goes, with its entity or without it.
    pub(crate) const ATTRIBUTE_DELETED: Self = Self(1 << 4);
    /// "equivalent to the combination" of all that happens to attributes.
    pub(crate) const ENTITY_UPDATED: Self =
        Self(Self::ATTRIBUTE_CREATED.0 | Self::ATTRIBUTE_UPDATED.0 | Self::ATTRIBUTE_DELETED.0);
    /// What holds where none is named.
    pub(crate) const DEFAULT: Self = Self(Self::ATTRIBUTE_CREATED.0 | Self::ATTRIBUTE_UPDATED.0);

    /// What a word stands for.
    pub(crate) fn of(word: &str) -> Option<Self> {
        WORDS.iter().find(|(known, _)| *known == word).map(|(_, triggers)| *triggers)
    }

    /// Both together.
    #[must_use]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the two have anything in common.
    pub(crate) const fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is none.
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updating_an_entity_is_all_that_happens_to_attributes() {
        let updated = Triggers::of("entityUpdated").unwrap();
        for (word, expected) in [("attributeCreated", true), ("attributeDeleted", true), ("entityCreated", false)] {
            assert_eq!(updated.meet(Triggers::of(word).unwrap()), expected, "{word}");
        }
        let [one, other] = DEFAULT_WORDS.map(|word| Triggers::of(word).unwrap());
        assert_eq!(one.and(other), Triggers::DEFAULT);
        assert!(!Triggers::DEFAULT.meet(Triggers::ATTRIBUTE_DELETED));
        assert_eq!(Triggers::of("changed"), None);
        assert!(Triggers::NONE.is_empty());
    }
}
