//! Addresses as logs and errors may show them: whoever reads these need not know the passwords in those.

use std::borrow::Cow;

/// The address with `***` in place of a password, where it has one.
///
/// ```
/// use machi_http::client::without_password;
/// assert_eq!(without_password("mqtt://machi:secret@broker/a"), "mqtt://machi:***@broker/a");
/// ```
pub fn without_password(address: &str) -> Cow<'_, str> {
    hidden(address).map_or(Cow::Borrowed(address), Cow::Owned)
}

fn hidden(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (credentials, place) = authority.rsplit_once('@')?;
    let (user, _) = credentials.split_once(':')?;
    let path = rest.strip_prefix(authority)?;
    Some(format!("{scheme}://{user}:***@{place}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_and_nothing_else() {
        for (address, shown) in [
            ("mqtts://u:p@h:8883/t", "mqtts://u:***@h:8883/t"),
            ("mqtt://u:p:q@r@h/t", "mqtt://u:***@h/t"),
            ("http://:p@[::1]:9/x?y#z", "http://:***@[::1]:9/x?y#z"),
            ("mqtt://u:@h/t", "mqtt://u:***@h/t"),
            ("mqtt://u@h:1883/t", "mqtt://u@h:1883/t"),
            ("mqtt://h:1883/t@u", "mqtt://h:1883/t@u"),
            ("https://h/?a=b:c@d", "https://h/?a=b:c@d"),
            ("no address", "no address"),
            ("", ""),
        ] {
            assert_eq!(without_password(address), shown);
        }
    }
}
