//! Whether a document of an export is one that can be read again: what is not would be in the way of lists for ever.

use machi_face::contexts::{CONTEXT_TEXTS, CONTEXTS, is_head, is_text};
use machi_http::Text;
use machi_store::{Collection, Names};

use super::indexes;
use crate::collections::{ANSWERS, DEAD_LETTERS, DELIVERIES, INDEXES, SUBSCRIPTIONS};
use crate::domain::transfer::Item;
use crate::subscriptions::{is_row, is_subscription};
use machi_face::once::Answer;

/// Refuses what is not what this collection holds. Entities have been read already.
pub(super) fn check(collection: Collection, item: &Item, names: &dyn Names) -> Result<(), Text> {
    let (id, head, sections) = (&item.id, &item.restored.head, &item.restored.sections);
    let is_fit = match collection {
        CONTEXTS => is_head(id, head),
        CONTEXT_TEXTS => is_text(id, sections, names),
        INDEXES => indexes::is_head(head),
        ANSWERS => Answer::decode(head).is_some(),
        DELIVERIES | DEAD_LETTERS => is_row(head, sections, names),
        SUBSCRIPTIONS => is_subscription(sections, names),
        _ => true,
    };
    if is_fit { Ok(()) } else { Err(unfit(collection, id)) }
}

/// What is said of a context of which only one of its two documents is there.
pub(super) fn without_text(id: &str) -> Text {
    let id = shown(id);
    Text::both(
        format!("the export holds no text of the @context {id}"),
        format!("エクスポートに@context {id}の本文がありません"),
    )
}

fn unfit(collection: Collection, id: &str) -> Text {
    let (collection, id) = (collection.0, shown(id));
    Text::both(
        format!("the document {id} is not what the collection {collection} holds"),
        format!("文書{id}の内容は、コレクション{collection}のものではありません"),
    )
}

fn shown(id: &str) -> String {
    id.chars().take(200).collect()
}
