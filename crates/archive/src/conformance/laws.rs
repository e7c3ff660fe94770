//! The laws that random deliveries seldom meet.

use machi_store::Position;
use machi_types::{Name, TenantId};

use super::Make;
use super::dice::Dice;
use crate::{Archive, Collected, Delivery, Series, Snapshot, WantedEvolutions, WantedInstances};

pub(super) fn run(make: Make<'_>) {
    an_unknown_tenant_has_nothing(&*make());
    a_delivery_is_taken_once(&*make());
    a_snapshot_stays_as_it_is(&*make());
    what_fills_an_archive_is_taken_each_time(&*make());
    tenants_are_apart(&*make());
}

fn an_unknown_tenant_has_nothing(archive: &dyn Archive) {
    let snapshot = archive.open(&tenant("nobody")).expect("an unknown tenant opens");
    assert_eq!(snapshot.position(), Position::default());
    let all = WantedEvolutions::After { after: None, limit: 10, types: None };
    assert_eq!(snapshot.evolutions(&all).expect("evolutions are told"), []);
    archive.erase(&tenant("nobody")).expect("nothing can be erased");
}

fn a_delivery_is_taken_once(archive: &dyn Archive) {
    let delivery = delivery(Some(5), 1);
    archive.take(&tenant("a"), delivery.clone()).expect("it is taken");
    archive.take(&tenant("a"), delivery.clone()).expect("it is passed over");
    archive.take(&tenant("a"), self::delivery(Some(4), 2)).expect("an earlier one is passed over");
    assert_eq!(count(archive, "a"), 1);
    assert_eq!(archive.open(&tenant("a")).expect("it opens").position(), Position::single(5));
    archive.take(&tenant("a"), self::delivery(Some(6), 3)).expect("the next is taken");
    assert_eq!(count(archive, "a"), 2);
}

fn a_snapshot_stays_as_it_is(archive: &dyn Archive) {
    archive.take(&tenant("a"), delivery(Some(1), 1)).expect("it is taken");
    let before = archive.open(&tenant("a")).expect("it opens");
    archive.take(&tenant("a"), delivery(Some(2), 2)).expect("it is taken");
    assert_eq!((before.position(), instances(&*before)), (Position::single(1), 1));
}

fn what_fills_an_archive_is_taken_each_time(archive: &dyn Archive) {
    archive.take(&tenant("a"), delivery(None, 1)).expect("it is taken");
    archive.take(&tenant("a"), delivery(None, 2)).expect("it is taken");
    assert_eq!(archive.open(&tenant("a")).expect("it opens").position(), Position::default());
    archive.take(&tenant("a"), delivery(Some(9), 3)).expect("it is taken");
    assert_eq!(
        (archive.open(&tenant("a")).expect("it opens").position(), count(archive, "a")),
        (Position::single(9), 3)
    );
}

fn tenants_are_apart(archive: &dyn Archive) {
    archive.take(&tenant("a"), delivery(Some(1), 1)).expect("it is taken");
    archive.take(&tenant("b"), delivery(Some(2), 1)).expect("it is taken");
    archive.take(&tenant("b"), delivery(Some(3), 2)).expect("it is taken");
    assert_eq!((count(archive, "a"), count(archive, "b")), (1, 2));
    archive.erase(&tenant("b")).expect("it is erased");
    assert_eq!((count(archive, "a"), count(archive, "b")), (1, 0));
    archive.take(&tenant("b"), delivery(Some(1), 4)).expect("an erased tenant begins anew");
    assert_eq!(count(archive, "b"), 1);
}

fn tenant(name: &str) -> TenantId {
    name.parse().expect("the name of a tenant")
}

fn entities() -> [Name; 1] {
    ["urn:ngsi-ld:Thing:1".into()]
}

fn instances(snapshot: &dyn Snapshot) -> usize {
    Collected::of(snapshot, &WantedInstances::all_of(&entities())).expect("it reads").instances.len()
}

/// One instance of always the same series, of this commit.
fn delivery(up_to: Option<u64>, commit: u64) -> Delivery<'static> {
    let [entity] = entities();
    let series = Series { entity: entity.clone(), attribute: "https://example.org/a".into(), dataset: None };
    let mut dice = Dice::new(commit);
    let instance = dice.instance(&series, Dice::commit(commit), 0);
    let heads = vec![(entity, vec![dice.head(Dice::commit(commit))].into())];
    let up_to = up_to.map(Position::single);
    Delivery { up_to, instances: vec![(series, vec![instance].into())], heads, ..Delivery::default() }
}

fn count(archive: &dyn Archive, of: &str) -> usize {
    instances(&*archive.open(&tenant(of)).expect("it opens"))
}
