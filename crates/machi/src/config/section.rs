//! What a section of the configuration is, and the macro that makes one out of its lines.

use std::fmt::Debug;

use toml::Value;

use super::Expected;

/// One setting, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the file.
    pub name: &'static str,
    /// What it does, line by line.
    pub doc: &'static [&'static str],
    /// Its value, as TOML.
    pub value: String,
}

/// Why a value was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The section has no such key.
    UnknownKey,
    /// The value is none for this key; this would be right.
    Expected(Expected),
}

/// One section of the file.
pub trait Section: Debug {
    /// The name between the brackets.
    fn name(&self) -> &'static str;

    /// What it is about, line by line.
    fn doc(&self) -> &'static [&'static str];

    /// Its settings with their values.
    fn keys(&self) -> Vec<Key>;

    /// Sets one of them.
    fn set(&mut self, key: &str, value: &Value) -> Result<(), Refusal>;
}

/// Makes a section: the struct, its defaults, and everything that the trait asks for.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        [$name:ident] $type:ident {
            $( $(#[doc = $doc:literal])+ $key:ident: $kind:ty = $default:expr; )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $type {
            $( $(#[doc = $doc])+ pub $key: $kind, )+
        }

        impl Default for $type {
            fn default() -> Self {
                Self { $( $key: $default, )+ }
            }
        }

        impl $crate::config::Section for $type {
            fn name(&self) -> &'static str {
                stringify!($name)
            }

            fn doc(&self) -> &'static [&'static str] {
                &[$($about),+]
            }

            fn keys(&self) -> Vec<$crate::config::Key> {
                vec![$(
                    $crate::config::Key {
                        name: stringify!($key),
                        doc: &[$($doc),+],
                        value: $crate::config::Setting::write(&self.$key),
                    },
                )+]
            }

            fn set(&mut self, key: &str, value: &toml::Value) -> Result<(), $crate::config::section::Refusal> {
                use $crate::config::{Setting, section::Refusal};
                match key {
                    $(
                        stringify!($key) => {
                            self.$key = <$kind as Setting>::read(value).ok_or(Refusal::Expected(<$kind as Setting>::EXPECTED))?;
                        }
                    )+
                    _ => return Err(Refusal::UnknownKey),
                }
                Ok(())
            }
        }
    };
}

pub(super) use section;
