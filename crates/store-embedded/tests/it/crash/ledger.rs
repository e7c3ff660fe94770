//! What a writer said: everything that it tried, and what of that was acknowledged or refused.

use std::collections::BTreeMap;

use super::deed::{Act, Deed, Sections};

/// A thing by its task and number.
pub(crate) type ThingId = (u64, u64);

/// What a store may hold after a crash.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    /// For each thing the states it went through, oldest first; there is at least one.
    pub(crate) things: BTreeMap<ThingId, Vec<State>>,
    /// For each counter: how often counting was acknowledged, and how often it was tried.
    pub(crate) counters: BTreeMap<u64, (u64, u64)>,
    /// For each task: the cursors that it may have left.
    pub(crate) cursors: BTreeMap<u64, Vec<Tried>>,
    /// Founded tenants: what was tried with each.
    pub(crate) founded: BTreeMap<u64, Fate>,
    /// Batches whose acknowledgement is outstanding or was refused.
    pub(crate) open_batches: BTreeMap<u64, Deed>,
    pub(crate) acknowledged: u64,
    pub(crate) refused: u64,
    /// The highest number of a deed.
    pub(crate) last: u64,
    tried: BTreeMap<u64, Deed>,
}

/// What a thing was made by a deed.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) deed: u64,
    pub(crate) sections: Option<Sections>,
    pub(crate) verdict: Verdict,
}

/// What became of a deed, as far as the writer said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verdict {
    #[default]
    Open,
    Refused,
    /// With this version.
    Acknowledged(u64),
}

/// A number that was tried, and what became of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tried {
    pub(crate) number: u64,
    pub(crate) verdict: Verdict,
}

/// What was tried with a founded tenant.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fate {
    pub(crate) founding: Verdict,
    pub(crate) erasing: Option<Verdict>,
}

impl Ledger {
    /// Takes note of a line that a writer printed.
    pub(crate) fn note(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "try" => {
                // The last line may have been cut off by the kill.
                if let Ok(deed) = rest.parse::<Deed>() {
                    self.note_try(deed);
                }
            }
            "ack" | "refused" => {
                let mut words = rest.split(' ').skip(1).map_while(|word| word.parse::<u64>().ok());
                if let (Some(number), Some(third)) = (words.next(), words.next()) {
                    let verdict = if word == "ack" { Verdict::Acknowledged(third) } else { Verdict::Refused };
                    self.note_verdict(number, verdict);
                }
            }
            _ => {}
        }
    }

    fn note_try(&mut self, deed: Deed) {
        self.last = self.last.max(deed.number);
        for thing in deed.things() {
            let states = self.things.entry((deed.task, thing)).or_insert_with(|| vec![State::initial()]);
            let before = states.iter().rfind(|state| state.verdict != Verdict::Refused);
            let sections = deed.apply(before.and_then(|state| state.sections.as_ref()));
            states.push(State { deed: deed.number, sections, verdict: Verdict::Open });
        }
        match &deed.act {
            Act::Count { counter } => self.counters.entry(*counter).or_default().1 += 1,
            Act::Cursor => {
                let tried = Tried { number: deed.number, verdict: Verdict::Open };
                self.cursors.entry(deed.task).or_default().push(tried);
            }
            Act::Found => {
                self.founded.insert(deed.number, Fate::default());
            }
            Act::Erase { founded } => {
                if let Some(fate) = self.founded.get_mut(founded) {
                    fate.erasing = Some(Verdict::Open);
                }
            }
            Act::Batch { .. } => {
                self.open_batches.insert(deed.number, deed.clone());
            }
            _ => {}
        }
        self.tried.insert(deed.number, deed);
    }

    fn note_verdict(&mut self, number: u64, verdict: Verdict) {
        let Some(deed) = self.tried.remove(&number) else { return };
        let is_acknowledged = matches!(verdict, Verdict::Acknowledged(_));
        if is_acknowledged {
            self.acknowledged += 1;
            self.open_batches.remove(&number);
            self.forget_refused(deed.task);
        } else {
            self.refused += 1;
        }
        for thing in deed.things() {
            let states = self.things.entry((deed.task, thing)).or_default();
            let state = states.iter_mut().rfind(|state| state.deed == number);
            state.expect("a deed is tried before its verdict").verdict = verdict;
        }
        match &deed.act {
            Act::Count { counter } if is_acknowledged => self.counters.entry(*counter).or_default().0 += 1,
            Act::Cursor => {
                let cursors = self.cursors.entry(deed.task).or_default();
                cursors.iter_mut().filter(|tried| tried.number == number).for_each(|tried| tried.verdict = verdict);
            }
            Act::Found => self.founded.entry(number).or_default().founding = verdict,
            Act::Erase { founded } => self.founded.entry(*founded).or_default().erasing = Some(verdict),
            _ => {}
        }
    }
}

impl Ledger {
    /// What was refused before something else was acknowledged must never come back.
    fn forget_refused(&mut self, task: u64) {
        let own = self.things.iter_mut().filter(|((other, _), _)| *other == task);
        own.for_each(|(_, states)| states.retain(|state| state.verdict != Verdict::Refused));
        let things = &self.things;
        self.open_batches.retain(|number, batch| {
            let is_known = |thing: &u64| things[&(batch.task, *thing)].iter().any(|state| state.deed == *number);
            batch.things().iter().any(is_known)
        });
    }
}

impl State {
    fn initial() -> Self {
        Self { deed: 0, sections: None, verdict: Verdict::Acknowledged(0) }
    }
}

/// Of things tried in order: where the last acknowledged one stands, from which on the truth must lie.
pub(crate) fn last_acknowledged(verdicts: impl DoubleEndedIterator<Item = Verdict> + ExactSizeIterator) -> usize {
    let mut verdicts = verdicts.enumerate();
    verdicts.rfind(|(_, verdict)| matches!(verdict, Verdict::Acknowledged(_))).map_or(0, |(index, _)| index)
}
