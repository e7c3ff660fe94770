//! Which types and attributes there are (ETSI GS CIM 009 §5.7.5 to §5.7.11): told by the indexes, of what is
//! held here.

use std::collections::BTreeMap;
use std::sync::Arc;

use machi_face::{FaceError, Selector};
use machi_model::entity::Kind;
use machi_model::query::{Logic, Step, TypeExpression};
use machi_store::{Filter, StoreError, Term, TermKind};
use machi_types::{Caller, Name, Text};
use tokio::time::Instant;

use super::select::Sight;
use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::facets::TYPE;
use crate::domain::filter::{Compiler, any, is_nothing, not};
use crate::domain::selection::Selection;

/// A type that entities have (§5.2.25, §5.2.26).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypeInfo {
    pub(crate) name: Name,
    pub(crate) entities: u64,
    /// The attributes of its entities, by name.
    pub(crate) attributes: Vec<AttributeInfo>,
}

/// An attribute that entities have (§5.2.28).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AttributeInfo {
    pub(crate) name: Name,
    pub(crate) instances: u64,
    pub(crate) kinds: Vec<Kind>,
    /// The types of the entities that have it.
    pub(crate) types: Vec<Name>,
}

/// What is told of each type or attribute of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Names,
    All,
}

/// The terms of the index, sorted out.
struct Vocabulary {
    sight: Sight,
    deadline: Instant,
    /// Whether anything has expired that the indexes still know.
    has_expired: bool,
    types: BTreeMap<Name, u64>,
    attributes: BTreeMap<Name, Attribute>,
}

/// An attribute as the index knows it.
#[derive(Default)]
struct Attribute {
    /// How many entities have each instance.
    instances: BTreeMap<Name, u64>,
    /// The kinds of each instance that are not the common one.
    kinds: Vec<(Name, Kind, u64)>,
}

impl Broker {
    /// The types of all entities.
    pub(crate) async fn entity_types(&self, caller: &Caller, detail: Detail) -> Result<Vec<TypeInfo>, FaceError> {
        let vocabulary = self.vocabulary(caller).await?;
        let mut types = Vec::new();
        for (name, count) in &vocabulary.types {
            let entities = self.living_of_type(&vocabulary, name, *count).await?;
            if entities == 0 {
                continue;
            }
            let attributes = match detail {
                Detail::Names => Vec::new(),
                Detail::All => self.attributes_of_type(&vocabulary, name, Detail::Names).await?,
            };
            types.push(TypeInfo { name: name.clone(), entities, attributes });
        }
        Ok(types)
    }

    /// One type with its attributes and their kinds; none where no entity has it.
    pub(crate) async fn entity_type(&self, caller: &Caller, name: &Name) -> Result<Option<TypeInfo>, FaceError> {
        let vocabulary = self.vocabulary(caller).await?;
        let count = vocabulary.types.get(name).copied().unwrap_or(0);
        let entities = self.living_of_type(&vocabulary, name, count).await?;
        if entities == 0 {
            return Ok(None);
        }
        let attributes = self.attributes_of_type(&vocabulary, name, Detail::All).await?;
        Ok(Some(TypeInfo { name: name.clone(), entities, attributes }))
    }

    /// The attributes of all entities.
    pub(crate) async fn attributes(&self, caller: &Caller, detail: Detail) -> Result<Vec<AttributeInfo>, FaceError> {
        let vocabulary = self.vocabulary(caller).await?;
        let mut attributes = Vec::new();
        for name in vocabulary.attributes.keys() {
            if !vocabulary.has_expired || self.has(&vocabulary, None, name).await? {
                let types = match detail {
                    Detail::Names => Vec::new(),
                    Detail::All => self.types_with(&vocabulary, name).await?,
                };
                attributes.push(AttributeInfo { name: name.clone(), instances: 0, kinds: Vec::new(), types });
            }
        }
        Ok(attributes)
    }

    /// One attribute with its kinds and the types that have it; none where no entity has it.
    pub(crate) async fn attribute(&self, caller: &Caller, name: &Name) -> Result<Option<AttributeInfo>, FaceError> {
        let vocabulary = self.vocabulary(caller).await?;
        let Some(attribute) = vocabulary.attributes.get(name) else { return Ok(None) };
        if vocabulary.has_expired && !self.has(&vocabulary, None, name).await? {
            return Ok(None);
        }
        let types = self.types_with(&vocabulary, name).await?;
        let instances = self.living_instances(&vocabulary, name, attribute).await?;
        let kinds = match vocabulary.has_expired {
            true => self.kinds_within(&vocabulary, None, name, attribute).await?,
            false => attribute.all_kinds(),
        };
        Ok(Some(AttributeInfo { name: name.clone(), instances, kinds, types }))
    }

    async fn vocabulary(&self, caller: &Caller) -> Result<Vocabulary, FaceError> {
        self.face.check_tenant(caller).await?;
        let sight = self.sight(caller.tenant());
        let deadline = Instant::now() + self.face.budget().time;
        let expired = Compiler::new(&self.store, sight.now).has_expired();
        let has_expired = !is_nothing(&expired) && self.count(&sight, expired).await? > 0;
        let terms = sight.view.terms(&sight.tenant, ENTITIES).await?;
        let mut vocabulary =
            Vocabulary { sight, deadline, has_expired, types: BTreeMap::new(), attributes: BTreeMap::new() };
        terms.into_iter().for_each(|term| vocabulary.add(term));
        Ok(vocabulary)
    }

    async fn count(&self, sight: &Sight, filter: Filter) -> Result<u64, FaceError> {
        Ok(sight.view.count(self.entity_find(sight, filter)).await?)
    }

    /// How many living entities are of a type, of which the index knows so many.
    async fn living_of_type(&self, vocabulary: &Vocabulary, name: &Name, count: u64) -> Result<u64, FaceError> {
        if count == 0 || !vocabulary.has_expired {
            return Ok(count);
        }
        self.count(&vocabulary.sight, self.filter_of(vocabulary, Some(name), None)).await
    }

    /// How many instances of an attribute have not expired.
    async fn living_instances(
        &self,
        vocabulary: &Vocabulary,
        name: &Name,
        attribute: &Attribute,
    ) -> Result<u64, FaceError> {
        if !vocabulary.has_expired {
            return Ok(attribute.instances.values().sum());
        }
        let compiler = Compiler::new(&self.store, vocabulary.sight.now);
        let mut living = 0;
        for instance in attribute.instances.keys() {
            vocabulary.check_time()?;
            living += self.count(&vocabulary.sight, compiler.living_instance(name, instance)).await?;
        }
        Ok(living)
    }

    /// Whether any living entity, of this type, has an attribute.
    async fn has(&self, vocabulary: &Vocabulary, entity_type: Option<&Name>, name: &Name) -> Result<bool, FaceError> {
        vocabulary.check_time()?;
        let filter = self.filter_of(vocabulary, entity_type, Some(name));
        Ok(self.count(&vocabulary.sight, filter).await? > 0)
    }

    fn filter_of(&self, vocabulary: &Vocabulary, entity_type: Option<&Name>, attribute: Option<&Name>) -> Filter {
        let types = entity_type.map(|name| TypeExpression::Logic(Logic::One(name.clone())));
        let selection = Selection {
            selectors: vec![Selector { types, ..Selector::default() }],
            attributes: attribute.cloned().map(Step::Attribute).into_iter().collect(),
            ..Selection::default()
        };
        Compiler::new(&self.store, vocabulary.sight.now).compile(&Arc::new(selection))
    }

    async fn types_with(&self, vocabulary: &Vocabulary, name: &Name) -> Result<Vec<Name>, FaceError> {
        let mut types = Vec::new();
        for entity_type in vocabulary.types.keys() {
            if self.has(vocabulary, Some(entity_type), name).await? {
                types.push(entity_type.clone());
            }
        }
        Ok(types)
    }

    async fn attributes_of_type(
        &self,
        vocabulary: &Vocabulary,
        entity_type: &Name,
        detail: Detail,
    ) -> Result<Vec<AttributeInfo>, FaceError> {
        let mut attributes = Vec::new();
        for (name, attribute) in &vocabulary.attributes {
            if !self.has(vocabulary, Some(entity_type), name).await? {
                continue;
            }
            let kinds = match detail {
                Detail::Names => Vec::new(),
                Detail::All => self.kinds_within(vocabulary, Some(entity_type), name, attribute).await?,
            };
            attributes.push(AttributeInfo { name: name.clone(), instances: 0, kinds, types: Vec::new() });
        }
        Ok(attributes)
    }

    /// The kinds that living instances of an attribute have, in all entities or in those of a type.
    async fn kinds_within(
        &self,
        vocabulary: &Vocabulary,
        entity_type: Option<&Name>,
        name: &Name,
        attribute: &Attribute,
    ) -> Result<Vec<Kind>, FaceError> {
        let kinds = attribute.all_kinds();
        if kinds.len() == 1 {
            return Ok(kinds);
        }
        let compiler = Compiler::new(&self.store, vocabulary.sight.now);
        let of_type = entity_type.map_or(Filter::All, |name| compiler.of_type(name));
        let mut found = Vec::new();
        for kind in kinds {
            vocabulary.check_time()?;
            let with_kind = attribute.instances.keys().map(|instance| {
                let living = compiler.living_instance(name, instance);
                living.and(with_kind(&compiler, name, instance, kind))
            });
            if self.count(&vocabulary.sight, of_type.clone().and(any(with_kind))).await? > 0 {
                found.push(kind);
            }
        }
        Ok(found)
    }
}

/// Entities in which an instance is of a kind: a Property is what carries no tag of another kind.
fn with_kind(compiler: &Compiler<'_>, name: &Name, instance: &Name, kind: Kind) -> Filter {
    match kind {
        Kind::Property => not(any(Kind::ALL.map(|kind| compiler.instance_tagged(name, instance, kind.as_str())))),
        kind => compiler.instance_tagged(name, instance, kind.as_str()),
    }
}

impl Vocabulary {
    fn add(&mut self, term: Term) {
        if term.documents == 0 {
            return;
        }
        match term.kind {
            TermKind::Tag(tag) if &*term.name == TYPE => {
                *self.types.entry(tag).or_default() += term.documents;
            }
            _ if term.name.starts_with('@') => {}
            TermKind::Exists => {
                self.attributes.entry(term.name).or_default().instances.insert(term.instance, term.documents);
            }
            TermKind::Tag(tag) => {
                if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.as_str() == &*tag) {
                    self.attributes.entry(term.name).or_default().kinds.push((term.instance, kind, term.documents));
                }
            }
        }
    }

    fn check_time(&self) -> Result<(), FaceError> {
        if Instant::now() < self.deadline {
            return Ok(());
        }
        let reason = Text::both(
            "there are too many types and attributes to tell all of them in time",
            "型と属性が多すぎて、時間内にすべてを示せません",
        );
        Err(StoreError::TooComplex(reason).into())
    }
}

impl Attribute {
    /// The kinds of all instances: one that carries no tag of a kind is a Property.
    fn all_kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = self.kinds.iter().map(|(_, kind, _)| *kind).collect();
        let has_plain = self.instances.iter().any(|(instance, count)| {
            let tagged = self.kinds.iter().filter(|(other, ..)| other == instance).map(|(.., count)| count);
            tagged.sum::<u64>() < *count
        });
        if has_plain {
            kinds.push(Kind::Property);
        }
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}
