//! The names within a document, found by walking it with its context as an API does.

use std::collections::BTreeMap;
use std::sync::Arc;

use machi_model::context::{Coercion, Context, Term};
use machi_types::Json;

/// Properties with the trees of their values; types stand as `a <type>`, data types as `^^<type>`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tree(BTreeMap<String, Tree>);

impl Tree {
    /// Reads what pyld found.
    pub(super) fn read(json: &Json<'_>) -> Self {
        let members = json.as_object().unwrap();
        Self(members.iter().map(|(name, within)| (name.to_string(), Self::read(within))).collect())
    }

    fn leaf(&mut self, name: String) {
        self.0.entry(name).or_default();
    }
}

/// The tree of a document.
pub(super) fn walk(context: &Arc<Context>, document: &Json<'_>) -> Tree {
    let mut tree = Tree::default();
    node(context, document, &mut tree);
    tree
}

fn node(context: &Arc<Context>, node: &Json<'_>, tree: &mut Tree) {
    let members = node.as_object().unwrap();
    let means = |name: &str, keyword: &str| context.expand_name(name).is_ok_and(|iri| *iri == *keyword);
    let is_value = members.iter().any(|(name, _)| means(name, "@value"));
    let types: Vec<&str> =
        members.iter().filter(|(name, _)| means(name, "@type")).flat_map(|(_, value)| strings(value)).collect();
    for name in &types {
        let mark = if is_value { "^^" } else { "a " };
        tree.leaf(format!("{mark}{}", context.expand_name(name).unwrap()));
    }
    if is_value {
        return;
    }
    let inside = context.for_type(&types).unwrap();
    for (name, value) in members {
        let Ok(iri) = inside.expand_name(name) else { continue };
        if iri.starts_with('@') || matches!(value, Json::Null) {
            continue;
        }
        let deeper = inside.for_property(name).unwrap();
        values(&deeper, inside.term(name), value, tree.0.entry(iri.to_string()).or_default());
    }
}

fn values(context: &Arc<Context>, term: Option<&Term>, value: &Json<'_>, tree: &mut Tree) {
    let container = term.map(Term::container).unwrap_or_default();
    let coercion = term.map_or(&Coercion::Unsaid, Term::coercion);
    match (coercion, value) {
        (Coercion::Json, _) => tree.leaf("^^@json".to_owned()),
        (_, Json::Object(_)) if container.is_language() => {}
        (_, Json::Object(members)) if container.is_index() => {
            for (_, value) in members {
                one(context, coercion, value, tree);
            }
        }
        _ => one(context, coercion, value, tree),
    }
}

fn one(context: &Arc<Context>, coercion: &Coercion, value: &Json<'_>, tree: &mut Tree) {
    match (value, coercion) {
        (Json::Object(_), _) => node(context, value, tree),
        (Json::Array(items), _) => items.iter().for_each(|item| one(context, coercion, item, tree)),
        (_, Coercion::Datatype(iri)) => tree.leaf(format!("^^{iri}")),
        _ => {}
    }
}

fn strings<'j>(value: &'j Json<'_>) -> Vec<&'j str> {
    match value {
        Json::Array(items) => items.iter().filter_map(Json::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}
