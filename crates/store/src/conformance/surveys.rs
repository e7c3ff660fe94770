//! Random surveys: rows, cells and extents must equal those of the in-memory reference.

use std::sync::Arc;

use machi_types::TenantId;
use machi_types::geo::Tile;

use super::dice::Dice;
use super::random::Asked;
use super::shapes::{ORDER, THINGS, key};
use crate::{Budget, Choose, Store, Survey, SurveyColumn, Surveyed, Told};

/// A survey without numbers of names, so that every store can be asked.
#[derive(Clone, Debug)]
pub(super) struct Surveying {
    tag: &'static str,
    filter: Asked,
    doubtful: Asked,
    recheck: Asked,
    place: &'static str,
    tile: Tile,
    margin: f64,
    most: usize,
    halvings: u8,
    columns: Vec<&'static str>,
    choice: Option<Letter>,
}

/// Chooses the text of a letter.
#[derive(Clone, Copy, Debug)]
struct Letter(char);

impl Choose for Letter {
    fn place(&self, tag: &str) -> Option<usize> {
        tag.strip_prefix(ORDER)?.find(self.0)
    }
}

/// The places of the suite lie about here.
const AROUND: (f64, f64) = (137.0, 36.0);

impl Surveying {
    pub(super) fn random(dice: &mut Dice, tags: &[&'static str], attributes: &[&'static str]) -> Self {
        let is_plain = dice.chance(70);
        let zoom = dice.roll(9) as u8;
        let (x, y) = Tile::new(0, 0, 0).map(|map| map.place(AROUND.0, AROUND.1)).unwrap_or_default();
        let near = |at: f64, dice: &mut Dice| {
            let number = (at * f64::from(1_u32 << zoom)) as u32 + dice.roll(3) as u32;
            number.saturating_sub(1).min((1 << zoom) - 1)
        };
        let (x, y) = (near(x, dice), near(y, dice));
        Self {
            tag: dice.pick(tags),
            filter: if is_plain { Asked::All } else { Asked::random(dice, 2) },
            doubtful: if dice.chance(70) { Asked::Or(Vec::new()) } else { Asked::random(dice, 1) },
            recheck: Asked::random(dice, 1),
            place: dice.pick(attributes),
            tile: Tile::new(zoom, x, y).expect("the tile is on the map"),
            margin: dice.roll(3) as f64 / 20.0,
            most: dice.pick(&[0, 0, 2, 20, 1000]),
            halvings: dice.pick(&[0, 1, 3]),
            columns: (0..dice.roll(3)).map(|_| dice.pick(attributes)).collect(),
            choice: dice.chance(60).then(|| Letter(dice.pick(&['x', 'y', 'z']))),
        }
    }

    fn of(&self, store: &dyn Store) -> Survey {
        let names = store.names();
        let choice = self.choice.map(|letter| Arc::new(letter) as Arc<dyn Choose>);
        let column = |attribute: &&'static str| SurveyColumn {
            key: key(store, attribute),
            unless: Vec::new(),
            choice: choice.clone(),
        };
        Survey {
            tenant: TenantId::default_tenant(),
            collection: THINGS,
            tagged: (names.intern("@tag"), names.intern(self.tag)),
            filter: self.filter.filter(store),
            doubtful: self.doubtful.filter(store),
            recheck: self.recheck.filter(store),
            place: key(store, self.place),
            tile: self.tile,
            margin: self.margin,
            most: self.most,
            halvings: self.halvings,
            columns: self.columns.iter().map(column).collect(),
            budget: Budget::default(),
        }
    }
}

/// Asks both, and holds the answers against each other. Answers how many rows and cells there were.
pub(super) async fn compare(tested: &dyn Store, reference: &dyn Store, asked: &Surveying, seed: u64) -> (usize, usize) {
    let mut answers = Vec::new();
    for store in [tested, reference] {
        let view = store.view();
        let extent = view.extent(asked.of(store)).await.expect("the extent is known");
        answers.push((view.survey(asked.of(store)).await.expect("surveyed"), extent));
    }
    let (theirs, mine) = (answers.pop().expect("two answers"), answers.pop().expect("two answers"));
    assert_eq!(mine.1, theirs.1, "seed {seed}: {asked:?}");
    assert_eq!(mine.0.cells, theirs.0.cells, "seed {seed}: {asked:?}");
    same_rows(&mine.0, &theirs.0, asked, seed);
    (mine.0.rows.len(), mine.0.cells.len())
}

fn same_rows(mine: &Surveyed, theirs: &Surveyed, asked: &Surveying, seed: u64) {
    let places = |surveyed: &Surveyed| -> Vec<_> {
        surveyed.rows.iter().map(|row| (row.number, row.id.clone(), row.position)).collect()
    };
    assert_eq!(places(mine), places(theirs), "seed {seed}: {asked:?}");
    for (mine, theirs) in mine.rows.iter().zip(&theirs.rows) {
        // A store may read where the reference need not, but must where the reference does.
        match (&mine.document, &theirs.document) {
            (None, None) => assert_eq!(mine.values, theirs.values, "seed {seed}: {asked:?}"),
            (None, Some(_)) => panic!("seed {seed}: {} lacks its document: {asked:?}", mine.id),
            (Some(document), _) => assert_eq!(document.id, mine.id, "seed {seed}: {asked:?}"),
        }
        assert!(mine.document.is_some() || !mine.values.contains(&Told::Unsaid), "seed {seed}: {asked:?}");
    }
}
