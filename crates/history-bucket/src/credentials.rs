//! Who we are to the bucket. Nothing here is ever shown.

use std::fmt;

/// A key with its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

/// A text without credentials. It does not tell what the text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it has no lines aws_access_key_id = KEY and aws_secret_access_key = SECRET")]
pub struct CredentialsError;

impl Credentials {
    /// A key, its secret, and the token of a session where there is one.
    pub fn new(key: String, secret: String, token: Option<String>) -> Self {
        Self { key, secret, token }
    }

    /// Those in a file as other clients of S3 have it: lines of `name = value`, of which the first of each name counts.
    pub fn parse(text: &str) -> Result<Self, CredentialsError> {
        let value = |wanted: &str| {
            let mut pairs = text.lines().filter_map(|line| line.split_once('='));
            let found = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))?;
            Some(found.1.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let key = value("aws_access_key_id").ok_or(CredentialsError)?;
        let secret = value("aws_secret_access_key").ok_or(CredentialsError)?;
        Ok(Self { key, secret, token: value("aws_session_token") })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(not shown)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_come_from_a_file_and_are_not_shown() {
        let text = "# of the city\n[default]\naws_access_key_id = AKIA\naws_secret_access_key=a/b=c \n[other]\naws_access_key_id = no\n";
        let read = Credentials::parse(text).unwrap();
        assert_eq!((&*read.key, &*read.secret, &read.token), ("AKIA", "a/b=c", &None));
        assert!(!format!("{read:?}").contains("AKIA"));
        for wrong in ["", "aws_access_key_id = AKIA", "aws_access_key_id=\naws_secret_access_key=x"] {
            assert_eq!(Credentials::parse(wrong), Err(CredentialsError), "{wrong}");
        }
    }
}
