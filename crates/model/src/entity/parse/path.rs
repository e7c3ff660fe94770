//! Where in a document the parser stands; a text only once something is wrong.

use std::fmt::Write;

use super::fault::{Fault, InvalidEntity};

/// The way from the root to a member, linked backwards along the stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'p> {
    Root,
    Member(&'p str),
    Item(usize),
}

impl<'p> Path<'p> {
    pub(super) const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    pub(super) const fn member(&'p self, name: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Member(name) }
    }

    pub(super) const fn item(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Item(index) }
    }

    /// The fault at this place.
    pub(super) fn fault(&self, fault: Fault) -> InvalidEntity {
        let mut pointer = String::new();
        self.write(&mut pointer);
        InvalidEntity { pointer, fault }
    }

    fn write(&self, pointer: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(pointer);
        }
        match self.step {
            Step::Root => {}
            // RFC 6901 §3: `~` and `/` are escaped within a step.
            Step::Member(name) => {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Step::Item(index) => write!(pointer, "/{index}").expect("writing to memory cannot fail"),
        }
    }
}
