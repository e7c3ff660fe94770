//! What an index tells of entities to whoever asks for more than one block: their types, and what values they hold.
//!
//! They stand in the index as tags; the broker, whose entities they are, files them.

/// Tags each type of an entity.
pub const TYPE: &str = "@type";

/// What values an attribute has; nothing is said of single numbers.
pub mod value {
    /// A text that is no moment.
    pub const TEXT: &str = "@text";
    /// A truth value.
    pub const FLAG: &str = "@flag";
    /// A date-time.
    pub const TIME: &str = "@time";
    /// A date or a time of day.
    pub const DAY: &str = "@day";
    /// An array or an object.
    pub const MANY: &str = "@many";
    /// All of them.
    pub const ALL: [&str; 5] = [TEXT, FLAG, TIME, DAY, MANY];
}
