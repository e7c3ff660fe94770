//! Columns: pages by number, shared with the views that look at them and copied when written.

use std::sync::Arc;

use machi_store::DocumentNo;

use super::page::{Mask, PAGE};

/// The page and the slot of a document.
pub(crate) fn place(number: DocumentNo) -> (u32, u16) {
    (number.0 / PAGE as u32, (number.0 % PAGE as u32) as u16)
}

/// The document in a slot of a page.
pub(crate) fn document(page: u32, slot: u16) -> DocumentNo {
    DocumentNo(page * PAGE as u32 + u32::from(slot))
}

/// The pages of one kind of facet. Only pages with something in them exist.
#[derive(Clone, Debug)]
pub(crate) struct Column<P> {
    pages: Vec<(u32, Arc<P>)>,
}

impl<P> Default for Column<P> {
    fn default() -> Self {
        Self { pages: Vec::new() }
    }
}

impl<P> Column<P> {
    pub(crate) fn page(&self, number: u32) -> Option<&Arc<P>> {
        let at = self.position(number).ok()?;
        Some(&self.pages[at].1)
    }

    pub(crate) fn pages(&self) -> &[(u32, Arc<P>)] {
        &self.pages
    }

    fn position(&self, number: u32) -> Result<usize, usize> {
        // Pages mostly have no gaps before them: look where the page would then be.
        let guess = number as usize;
        if self.pages.get(guess).is_some_and(|(at, _)| *at == number) {
            return Ok(guess);
        }
        self.pages.binary_search_by_key(&number, |(at, _)| *at)
    }
}

impl<P: Clone + Default> Column<P> {
    /// The page to write to, made if there is none; copied if a view looks at it.
    pub(crate) fn page_mut(&mut self, number: u32) -> &mut P {
        let at = match self.position(number) {
            Ok(at) => at,
            Err(at) => {
                self.pages.insert(at, (number, Arc::default()));
                at
            }
        };
        Arc::make_mut(&mut self.pages[at].1)
    }

    /// The page to write to, if there is one.
    pub(crate) fn existing_page_mut(&mut self, number: u32) -> Option<&mut P> {
        let at = self.position(number).ok()?;
        Some(Arc::make_mut(&mut self.pages[at].1))
    }

    pub(crate) fn drop_page(&mut self, number: u32) {
        if let Ok(at) = self.position(number) {
            self.pages.remove(at);
        }
    }

    pub(crate) fn put_page(&mut self, number: u32, page: P) {
        *self.page_mut(number) = page;
    }
}

impl Column<Mask> {
    pub(crate) fn mask(&self, page: u32) -> Mask {
        self.page(page).map_or(Mask::NONE, |mask| **mask)
    }

    pub(crate) fn has(&self, number: DocumentNo) -> bool {
        let (page, slot) = place(number);
        self.page(page).is_some_and(|mask| mask.has(slot))
    }

    pub(crate) fn set(&mut self, number: DocumentNo) {
        let (page, slot) = place(number);
        self.page_mut(page).set(slot);
    }

    pub(crate) fn clear(&mut self, number: DocumentNo) {
        let (page, slot) = place(number);
        let Some(mask) = self.existing_page_mut(page) else { return };
        mask.clear(slot);
        if mask.is_empty() {
            self.drop_page(page);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.pages.iter().map(|(_, mask)| u64::from(mask.count())).sum()
    }
}
