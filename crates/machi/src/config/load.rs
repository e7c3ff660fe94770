//! Reads a configuration from a file's text and from overrides, and checks every key.

use std::path::Path;

use machi_http::Text;
use toml::{Table, Value};

use super::error::{ConfigError, Origin, hint};
use super::section::Refusal;
use super::{Config, LimitsSection, Section};

impl Config {
    /// The defaults, changed by the file where there is one, and by the overrides.
    pub fn load(file: Option<&Path>, overrides: &[(String, String)]) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
            config.read_file(path, &text)?;
        }
        for (name, value) in overrides {
            config.read_variable(name, value)?;
        }
        config.check_pages()?;
        Ok(config)
    }

    /// Refuses a page that nobody would get. Whoever sets `largest_page` alone makes the default page shorter, too.
    pub(super) fn check_pages(&self) -> Result<(), ConfigError> {
        let (page, largest) = (self.limits.page, self.limits.largest_page);
        if page > largest && page != LimitsSection::default().page {
            return Err(ConfigError::Page { page: page.get(), largest: largest.get() });
        }
        Ok(())
    }

    /// Takes the text of a file.
    pub(super) fn read_file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let origin = Origin::File(path.to_owned());
        let file: Table = text.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
            path: path.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        })?;
        for (name, value) in &file {
            let Value::Table(table) = value else {
                return Err(self.outside_section(origin, name));
            };
            for (key, value) in table {
                self.set(&origin, name, key, value)?;
            }
            if table.is_empty() {
                self.section(&origin, name)?;
            }
        }
        Ok(())
    }

    /// Takes `MACHI__SECTION__KEY=value`; the value is a plain text, or TOML where that is what fits.
    fn read_variable(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        let origin = Origin::Environment(name.to_owned());
        let Some((section, key)) = name.strip_prefix("MACHI__").and_then(|rest| rest.split_once("__")) else {
            return Err(ConfigError::Variable { name: name.to_owned() });
        };
        let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
        let as_text = self.set(&origin, &section, &key, &Value::String(text.to_owned()));
        match (as_text, text.parse::<Value>()) {
            (Err(ConfigError::Value { .. }), Ok(value)) => self.set(&origin, &section, &key, &value),
            (result, _) => result,
        }
    }

    fn set(&mut self, origin: &Origin, name: &str, key: &str, value: &Value) -> Result<(), ConfigError> {
        let section = self.section(origin, name)?;
        section.set(key, value).map_err(|refusal| match refusal {
            Refusal::UnknownKey => {
                let known: Vec<&str> = section.keys().iter().map(|key| key.name).collect();
                let hint = Box::new(hint(key, &known));
                ConfigError::UnknownKey { origin: origin.clone(), section: name.to_owned(), key: key.to_owned(), hint }
            }
            Refusal::Expected(expected) => ConfigError::Value {
                origin: origin.clone(),
                section: name.to_owned(),
                key: key.to_owned(),
                value: value.to_string(),
                expected,
            },
        })
    }

    fn section(&mut self, origin: &Origin, name: &str) -> Result<&mut dyn Section, ConfigError> {
        let known: Vec<&str> = self.sections().iter().map(|section| section.name()).collect();
        let hint = Box::new(hint(name, &known));
        self.sections_mut()
            .into_iter()
            .find(|section| section.name() == name)
            .ok_or_else(|| ConfigError::UnknownSection { origin: origin.clone(), section: name.to_owned(), hint })
    }

    fn outside_section(&self, origin: Origin, key: &str) -> ConfigError {
        let home = self.sections().into_iter().find(|section| section.keys().iter().any(|one| one.name == key));
        let hint = home.map_or(Text::both("", ""), |section| {
            let name = section.name();
            Text::both(format!("; it belongs under [{name}]"), format!("[{name}]の下に書いてください"))
        });
        ConfigError::OutsideSection { origin, key: key.to_owned(), hint: Box::new(hint) }
    }
}
