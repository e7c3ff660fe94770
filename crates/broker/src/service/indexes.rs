//! Added indexes: asked for, listed, dropped. Which ones a tenant has is kept as documents, which the store is
//! told of at every start.

use bytes::Bytes;
use machi_face::{FaceError, StableHash};
use machi_http::Text;
use machi_model::query::{Logic, Q, Test};
use machi_store::{
    Change, Collection, Commit, Decision, Document, Filter, Find, IndexStatus, Outcome, Refusal, StoreError,
};
use machi_types::{Caller, ErrorKind, Json, Name, TenantId, Timestamp, json};

use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::added::{Definition, NoIndex};

/// The added indexes of each tenant.
pub(crate) const INDEXES: Collection = Collection("indexes");
/// How many a tenant may have: each is brought up to date by every write.
const MOST: usize = 64;

/// An added index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AddedIndex {
    pub(crate) id: Name,
    /// The path as it was asked for.
    pub(crate) path: String,
    pub(crate) definition: Definition,
    pub(crate) created_at: Timestamp,
    pub(crate) status: Option<IndexStatus>,
}

impl Broker {
    /// Adds an index to the entities of a tenant; one that is there already stays as it is. Whether it is new.
    pub(crate) async fn add_index(
        &self,
        caller: &Caller,
        path: &str,
        definition: Definition,
    ) -> Result<(AddedIndex, bool), FaceError> {
        self.face.check_tenant_or_create(caller).await?;
        let id = id_of(&definition);
        let _one_at_a_time = self.indexing.lock().await;
        let known = self.read_indexes(caller.tenant()).await?;
        if known.len() >= MOST && !known.iter().any(|index| index.id == id) {
            return Err(too_many());
        }
        let head = head_of(path, &definition);
        let create = move |current: Option<&Document>| -> Result<Decision, Refusal> {
            Ok(match current {
                Some(_) => Decision::Keep,
                None => Decision::Change(Change { head: Some(head.clone()), ..Change::default() }),
            })
        };
        let commit = Commit::new(caller.tenant().clone()).with(INDEXES, id.clone(), create);
        let receipt = self.store.commit(commit).await?;
        let is_new = matches!(receipt.outcomes.first(), Some(Outcome::Created { .. }));
        self.declare_indexes(caller.tenant()).await?;
        let index = self.index(caller, &id).await?;
        Ok((index, is_new))
    }

    /// The added indexes of a tenant, the oldest first.
    pub(crate) async fn indexes(&self, caller: &Caller) -> Result<Vec<AddedIndex>, FaceError> {
        self.face.check_tenant(caller).await?;
        let statuses = self.store.indexes(caller.tenant(), ENTITIES).await?;
        let mut indexes = self.read_indexes(caller.tenant()).await?;
        for index in &mut indexes {
            let text = index.definition.text();
            index.status = statuses.iter().find(|status| status.definition == text).cloned();
        }
        Ok(indexes)
    }

    /// One of them.
    pub(crate) async fn index(&self, caller: &Caller, id: &str) -> Result<AddedIndex, FaceError> {
        let indexes = self.indexes(caller).await?;
        indexes.into_iter().find(|index| *index.id == *id).ok_or_else(|| no_index(id))
    }

    /// Drops one of them; conditions are answered by reading again.
    pub(crate) async fn remove_index(&self, caller: &Caller, id: &str) -> Result<(), FaceError> {
        let _one_at_a_time = self.indexing.lock().await;
        let index = self.index(caller, id).await?;
        let delete = |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(Decision::Delete) };
        self.store.commit(Commit::new(caller.tenant().clone()).with(INDEXES, index.id, delete)).await?;
        Ok(self.declare_indexes(caller.tenant()).await?)
    }

    /// Tells the store which indexes each tenant has; to be called once, before the first request.
    pub async fn resume_indexes(&self) -> Result<(), StoreError> {
        for status in self.store.tenants().await? {
            if status.documents.iter().any(|(collection, _)| **collection == *INDEXES.0) {
                self.declare_indexes(&status.tenant).await?;
            }
        }
        Ok(())
    }

    /// Tells the store which indexes a tenant has.
    pub(crate) async fn declare_indexes(&self, tenant: &TenantId) -> Result<(), StoreError> {
        let indexes = self.read_indexes(tenant).await?;
        let definitions = indexes.iter().map(|index| index.definition.text()).collect();
        self.store.declare_indexes(tenant, ENTITIES, definitions).await
    }

    async fn read_indexes(&self, tenant: &TenantId) -> Result<Vec<AddedIndex>, StoreError> {
        let find = Find { limit: MOST, ..Find::new(tenant.clone(), INDEXES, Filter::All) };
        let found = self.store.view().find(find).await?;
        found.rows.iter().map(|row| read(&row.document)).collect()
    }
}

/// The definition of the index of a path as it is written in `q`.
pub(crate) fn definition<E>(
    path: &str,
    is_for_patterns: bool,
    expand: &dyn Fn(&str) -> Result<Name, E>,
) -> Result<Definition, FaceError>
where
    FaceError: From<E>,
{
    let query = Q::parse(path)?.expand(expand)?;
    match query.logic {
        Logic::One(term) if term.test == Test::Exists => {
            Definition::of(&term.path, is_for_patterns).map_err(|reason| refused(path, reason))
        }
        _ => Err(FaceError::bad_data(Text::both(
            format!(
                "\"{path}\" is a condition; an index has a path alone, such as temperature.accuracy or address[city]"
            ),
            format!(
                "\"{path}\"は条件式です。索引にはtemperature.accuracyやaddress[city]のようなパスだけを指定してください"
            ),
        ))),
    }
}

fn id_of(definition: &Definition) -> Name {
    let hash = StableHash::new().with(definition.text().as_bytes()).finish();
    Name::from(format!("urn:machi:index:{hash:032x}"))
}

fn head_of(path: &str, definition: &Definition) -> Bytes {
    let members = vec![("path".into(), Json::from(path)), ("definition".into(), definition.text().to_string().into())];
    Bytes::from(Json::Object(members).to_text())
}

fn read(document: &Document) -> Result<AddedIndex, StoreError> {
    let wrong = || StoreError::Damaged {
        file: "the collection of indexes".to_owned(),
        detail: format!("{} is not what was written", document.id),
    };
    let (path, definition) = decode(&document.head).ok_or_else(wrong)?;
    Ok(AddedIndex { id: document.id.clone(), path, definition, created_at: document.created, status: None })
}

/// The path and the definition in a head.
fn decode(head: &[u8]) -> Option<(String, Definition)> {
    let json = json::parse(head, 4).ok()?;
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    Some((text("path")?.to_owned(), Definition::parse(text("definition")?)?))
}

/// Whether a head is that of an added index.
pub(super) fn is_head(head: &[u8]) -> bool {
    decode(head).is_some()
}

fn refused(path: &str, reason: NoIndex) -> FaceError {
    let ja = match reason {
        NoIndex::Linked => "リレーションシップをたどるパスには索引を作れません",
        NoIndex::Member => "パスは属性で始まり、末尾に置けるメンバーはobservedAt、expiresAt、unitCodeだけです",
        NoIndex::Default => "属性の値には既定で索引があります。属性だけのパスはpatternsと一緒に指定してください",
    };
    FaceError::bad_data(Text::both(format!("the path \"{path}\": {reason}"), format!("パス\"{path}\": {ja}")))
}

fn too_many() -> FaceError {
    FaceError::bad_data(Text::both(
        format!("a tenant has at most {MOST} added indexes; remove one first"),
        format!("追加できる索引はテナントごとに{MOST}個までです。先に不要な索引を削除してください"),
    ))
}

fn no_index(id: &str) -> FaceError {
    let shown: String = id.chars().take(200).collect();
    FaceError::Refused {
        kind: ErrorKind::ResourceNotFound,
        detail: Text::both(format!("there is no index {shown}"), format!("索引{shown}は存在しません")),
    }
}
