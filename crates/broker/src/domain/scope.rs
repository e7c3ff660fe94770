//! Scopes as the index files them (ETSI GS CIM 009 §4.18, §4.19).

/// The tag of entities that have any scope; also what `/#` asks for.
pub(crate) const ANY_SCOPE: &str = "/#";

/// The tags of an entity's scopes, each once: the scope itself (`/a/b`), every place at or above it (`/a/#`,
/// `/a/b/#`), and that there is one (`/#`).
pub(crate) fn scope_tags<'a>(scopes: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut tags = vec![ANY_SCOPE.to_owned()];
    for scope in scopes {
        let mut path = String::with_capacity(scope.len() + 3);
        for level in levels(scope) {
            path.push('/');
            path.push_str(level);
            tags.push([&path, "/#"].concat());
        }
        tags.push(path);
    }
    tags.sort_unstable();
    tags.dedup();
    tags
}

/// The levels of a scope, whether or not it begins with a slash.
pub(crate) fn levels(scope: &str) -> impl Iterator<Item = &str> {
    scope.strip_prefix('/').unwrap_or(scope).split('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_above_a_scope_is_tagged_once() {
        let tags = scope_tags(["/Madrid/Gardens", "Madrid/Sights", "/Madrid"].into_iter());
        assert_eq!(
            tags,
            [
                "/#",
                "/Madrid",
                "/Madrid/#",
                "/Madrid/Gardens",
                "/Madrid/Gardens/#",
                "/Madrid/Sights",
                "/Madrid/Sights/#"
            ]
        );
    }
}
