//! One context object while its terms are being defined: what it says, and how far each term has come.

use std::collections::HashMap;

use machi_types::Json;
use machi_types::json::Members;

use super::error::{Fault, Place, short};
use super::limits::CHAIN;

/// The members of one context object, with those that it imports beneath them.
#[derive(Debug)]
pub(super) struct Local<'j> {
    members: HashMap<&'j str, Member<'j>>,
    order: Vec<&'j str>,
    /// How many definitions are under way.
    under_way: usize,
    /// Whether the terms are protected unless they say otherwise.
    pub(super) protects: bool,
}

/// What is written for one term, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'j> {
    pub(super) name: &'j str,
    pub(super) value: &'j Json<'j>,
    pub(super) place: &'j Place,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Open,
    UnderWay,
    Done,
}

impl<'j> Local<'j> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            members: HashMap::with_capacity(capacity),
            order: Vec::with_capacity(capacity),
            under_way: 0,
            protects: false,
        }
    }

    /// Adds the members of an object; they replace those of the same names.
    pub(super) fn add(&mut self, members: &'j Members<'j>, place: &'j Place) {
        for (name, value) in members {
            let member = Member { name, value, place, progress: Progress::Open };
            if self.members.insert(name, member).is_none() {
                self.order.push(name);
            }
        }
    }

    /// The value of a keyword of the context itself.
    pub(super) fn entry(&self, keyword: &str) -> Option<&'j Json<'j>> {
        self.members.get(keyword).map(|member| member.value)
    }

    /// The names of the terms, in their order.
    pub(super) fn terms(&self) -> Vec<&'j str> {
        const ENTRIES: [&str; 8] =
            ["@base", "@direction", "@import", "@language", "@propagate", "@protected", "@version", "@vocab"];
        self.order.iter().filter(|name| !ENTRIES.contains(name)).copied().collect()
    }

    /// Starts to define a term; none where that is done, or where the term is not defined here.
    pub(super) fn begin(&mut self, term: &str) -> Result<Option<Member<'j>>, Fault> {
        let Some(member) = self.members.get_mut(term) else {
            return Ok(None);
        };
        match member.progress {
            Progress::Done => return Ok(None),
            Progress::UnderWay => return Err(Fault::Cycle(short(term))),
            Progress::Open => {}
        }
        if self.under_way >= CHAIN {
            let what = (
                "its terms are defined through one another in too long a chain",
                "用語が互いを通じて定義される連鎖が長すぎます",
            );
            return Err(Fault::overflow(what, CHAIN));
        }
        self.under_way += 1;
        member.progress = Progress::UnderWay;
        Ok(Some(*member))
    }

    pub(super) fn end(&mut self, member: &Member<'j>) {
        self.under_way -= 1;
        if let Some(known) = self.members.get_mut(member.name) {
            known.progress = Progress::Done;
        }
    }
}
