//! The terms of the core `@context`, version by version: what annex B of ETSI GS CIM 009 says, as one table.
//!
//! A row holds in every published version unless it says `since` or `until` (the minor number of version 1.x).
//! A term that changed its meaning has one row for each meaning.

/// The namespace of the NGSI-LD vocabulary.
pub(super) const NGSI_LD: &str = "https://uri.etsi.org/ngsi-ld/";
/// The namespace of the GeoJSON vocabulary.
pub(super) const GEOJSON: &str = "https://purl.org/geojson/vocab#";
/// Where names lie that no context defines (ETSI GS CIM 009 §4.4).
pub(in crate::context) const DEFAULT_VOCAB: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

/// The minor numbers of the versions that ETSI has published with a context of their own.
pub(super) const VERSIONS: &[u8] = &[3, 4, 6, 7, 8, 9];
/// The version whose terms are in force here.
pub(super) const LATEST: u8 = 9;

/// One term of the core context.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) term: &'static str,
    pub(super) place: Place,
    pub(super) values: Values,
    pub(super) container: Option<&'static str>,
    since: u8,
    until: u8,
}

/// Where the IRI of a core term lies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// In the NGSI-LD namespace, under this name.
    Ngsi(&'static str),
    /// In the GeoJSON namespace, under the term's own name.
    Geojson,
    /// The published file gives a relative name, which puts the term into the default vocabulary.
    Relative,
    /// Elsewhere: the whole IRI.
    At(&'static str),
}

/// How the values of a core term are read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Values {
    Plain,
    Id,
    Vocab,
    Json,
    Time,
}

impl Row {
    /// Whether the row holds in version `1.minor`.
    pub(super) const fn holds_in(&self, minor: u8) -> bool {
        self.since <= minor && minor <= self.until
    }

    const fn named(self, name: &'static str) -> Self {
        Self { place: Place::Ngsi(name), ..self }
    }

    const fn geojson(self) -> Self {
        Self { place: Place::Geojson, ..self }
    }

    const fn relative(self) -> Self {
        Self { place: Place::Relative, ..self }
    }

    const fn at(self, iri: &'static str) -> Self {
        Self { place: Place::At(iri), ..self }
    }

    const fn id(self) -> Self {
        Self { values: Values::Id, ..self }
    }

    const fn vocab(self) -> Self {
        Self { values: Values::Vocab, ..self }
    }

    const fn json(self) -> Self {
        Self { values: Values::Json, ..self }
    }

    const fn time(self) -> Self {
        Self { values: Values::Time, ..self }
    }

    const fn list(self) -> Self {
        Self { container: Some("@list"), ..self }
    }

    const fn set(self) -> Self {
        Self { container: Some("@set"), ..self }
    }

    const fn index(self) -> Self {
        Self { container: Some("@index"), ..self }
    }

    const fn language(self) -> Self {
        Self { container: Some("@language"), ..self }
    }

    const fn since(self, minor: u8) -> Self {
        Self { since: minor, ..self }
    }

    const fn until(self, minor: u8) -> Self {
        Self { until: minor, ..self }
    }
}

/// A term that lies in the NGSI-LD namespace under its own name, in all versions.
const fn row(term: &'static str) -> Row {
    Row { term, place: Place::Ngsi(term), values: Values::Plain, container: None, since: 0, until: LATEST }
}

/// The term whose values have a context of their own, and what that context says in the NGSI-LD namespace.
pub(super) const PROOF: &str = "ngsildproof";
pub(super) const PROOF_TERMS: &[Row] = &[row("entityIdSealed"), row("entityTypeSealed").vocab()];
/// The rest of the proof's context, which lies elsewhere.
pub(super) const PROOF_CONTEXT: &str = "https://w3id.org/security/data-integrity/v2";

pub(super) const TERMS: &[Row] = &[
    row("Attribute"),
    row("AttributeList"),
    row("ContextSourceIdentity").since(8),
    row("ContextSourceNotification"),
    row("ContextSourceRegistration"),
    row("Date"),
    row("DateTime"),
    row("EntityMap").since(9),
    row("EntityType"),
    row("EntityTypeInfo"),
    row("EntityTypeList"),
    row("ExecutionResultDetails").since(9),
    row("Feature").geojson(),
    row("FeatureCollection").geojson(),
    row("GeoProperty"),
    row("GeometryCollection").geojson(),
    row("JsonProperty").since(8),
    row("LanguageProperty").since(6),
    row("LineString").geojson(),
    row("ListProperty").since(8),
    row("ListRelationship").since(8),
    row("MultiLineString").geojson(),
    row("MultiPoint").geojson(),
    row("MultiPolygon").geojson(),
    row("Notification"),
    row("Point").geojson(),
    row("Polygon").geojson(),
    row("Property"),
    row("Relationship"),
    row("Snapshot").since(9),
    row("SnapshotNotification").since(9),
    row("Subscription"),
    row("TemporalProperty"),
    row("Time"),
    row("VocabProperty").since(8),
    row("VocabularyProperty").since(7).until(7),
    row("accept"),
    row("aggrMethods").since(9),
    row("aggrParams").since(9),
    row("aggrPeriodDuration").since(9),
    row("attributeCount").relative().until(6),
    row("attributeCount").since(7).until(7),
    row("attributeCount").relative().since(8).until(8),
    row("attributeCount").since(9),
    row("attributeDetails").relative().until(6),
    row("attributeDetails").since(7).until(7),
    row("attributeDetails").relative().since(8).until(8),
    row("attributeDetails").since(9),
    row("attributeList").vocab(),
    row("attributeName").vocab(),
    row("attributeNames").vocab(),
    row("attributeTypes").vocab(),
    row("attributes").vocab(),
    row("attrs").since(6),
    row("avg").list().since(4),
    row("bbox").geojson().list(),
    row("cacheDuration").since(6),
    row("collation").since(9),
    row("containedBy").named("isContainedBy").since(8),
    row("contextSourceAlias").since(8),
    row("contextSourceExtras").json().since(8),
    row("contextSourceInfo").since(6),
    row("contextSourceTimeAt").time().since(8),
    row("contextSourceUptime").since(8),
    row("cooldown").since(6),
    row("coordinates").geojson().list(),
    row("createdAt").time(),
    row("csf"),
    row("data"),
    row("dataset").named("hasDataset").index().since(7),
    row("datasetId").id(),
    row("deletedAt").time().since(6),
    row("description").at("http://purl.org/dc/terms/description"),
    row("detail"),
    row("distinctCount").list().since(4),
    row("endAt").time(),
    row("endTimeAt").time(),
    row("endpoint"),
    row("entities"),
    row("entity").since(8),
    row("entityCount"),
    row("entityId").id(),
    row("entityList").list().since(8),
    row("entityMap").named("hasEntityMap").since(8).until(8),
    row("entityMap").named("hasEntityMap").index().since(9),
    row("entityMapLifetime").named("hasEntityMapLifetime").since(9),
    row("error"),
    row("errors"),
    row("expandValues").since(8),
    row("expiresAt").time(),
    row("features").geojson().set(),
    row("format"),
    row("geoQ"),
    row("geometry").geojson(),
    row("geometryProperty").geojson().since(8).until(8),
    row("geoproperty"),
    row("georel"),
    row("idPattern"),
    row("information"),
    row("instanceId").id(),
    row("isActive"),
    row("join").since(8),
    row("joinLevel").named("hasJoinLevel").since(8),
    row("json").named("hasJSON").json().since(8),
    row("jsonKeys").since(8),
    row("jsonldContext").since(9),
    row("jsons").list().since(8),
    row("key").named("hasKey").since(6),
    row("lang").since(6),
    row("langString").at("http://www.w3.org/1999/02/22-rdf-syntax-ns#langString").since(9),
    row("languageMap").named("hasLanguageMap").language().since(6),
    row("languageMaps").named("hasLanguageMaps").list().since(6),
    row("lastFailure").time(),
    row("lastN").since(9),
    row("lastNotification").time(),
    row("lastSuccess").time(),
    row("lastUsedAt").time().since(9),
    row("linkedMaps").since(8),
    row("localOnly").since(6),
    row("location"),
    row("management").since(6),
    row("managementInterval"),
    row("max").list().since(4),
    row("min").list().since(4),
    row("mode").since(6),
    row("modifiedAt").time(),
    row("ngsildConformance").since(9),
    row("ngsildproof").since(9),
    row("notUpdated").since(6),
    row("notification"),
    row("notificationTrigger").since(6),
    row("notifiedAt").time(),
    row("notifierInfo").since(6),
    row("object").named("hasObject").id(),
    row("objectList").named("hasObjectList").list().since(8),
    row("objectLists").named("hasObjectLists").list().since(9),
    row("objectType").named("hasObjectType").vocab().since(8),
    row("objects").named("hasObjects").id().list().until(4),
    row("objects").named("hasObjects").list().since(6),
    row("objectsLists").named("hasObjectsLists").list().since(8).until(8),
    row("observationInterval"),
    row("observationSpace"),
    row("observedAt").time(),
    row("omit").since(8),
    row("operationSpace"),
    row("operations").since(6),
    row("orderBy").list().since(9),
    row("ordering").since(9),
    row("pick").since(8),
    row("previousJson").named("hasPreviousJson").json().since(8),
    row("previousLanguageMap").named("hasPreviousLanguageMap").language().since(6),
    row("previousObject").named("hasPreviousObject").id().since(6),
    row("previousObjectList").named("hasPreviousObjectList").list().since(8),
    row("previousValue").named("hasPreviousValue").since(6),
    row("previousValueList").named("hasPreviousValueList").list().since(8),
    row("previousVocab").named("hasPreviousVocab").vocab().since(7),
    row("problemDetails").json().since(9),
    row("properties").geojson(),
    row("propertyNames").vocab(),
    row("q"),
    row("reason"),
    row("receiverInfo").since(6),
    row("refreshRate").since(6),
    row("registrationId").since(6),
    row("registrationName"),
    row("relationshipNames").vocab(),
    row("resultStatus").since(9),
    row("scope").since(6),
    row("scopeQ").since(6),
    row("showChanges").since(6),
    row("snapshotId").since(9),
    row("snapshotLifetime").since(9),
    row("snapshotPriority").since(9),
    row("snapshotQueries").list().since(9),
    row("snapshotQueriesDetails").list().since(9),
    row("snapshotStatus").since(9),
    row("snapshotTemporalQueries").list().since(9),
    row("snapshotTemporalQueriesDetails").list().since(9),
    row("splitEntities").named("hasSplitEntities").since(9),
    row("startAt").time(),
    row("status"),
    row("stddev").list().since(4),
    row("subscriptionId").id(),
    row("subscriptionName"),
    row("success").id(),
    row("sum").list().since(4),
    row("sumsq").list().since(4),
    row("sysAttrs").since(6),
    row("temporalQ"),
    row("tenant").id().since(6),
    row("throttling"),
    row("timeAt").time(),
    row("timeInterval"),
    row("timeout").since(6),
    row("timeproperty"),
    row("timerel"),
    row("timesFailed").since(6),
    row("timesSent"),
    row("title").at("http://purl.org/dc/terms/title"),
    row("totalCount").list().since(4),
    row("triggerReason"),
    row("typeList").vocab(),
    row("typeName").vocab(),
    row("typeNames").vocab(),
    row("unchanged"),
    row("unitCode"),
    row("updated"),
    row("uri"),
    row("value").named("hasValue"),
    row("valueList").named("hasValueList").list().since(8),
    row("valueLists").named("hasValueLists").list().since(8),
    row("valueType").named("hasValueType").vocab().since(9),
    row("values").named("hasValues").list(),
    row("vocab").named("hasVocab").vocab().since(7),
    row("vocabs").named("hasVocabs").list().since(7),
    row("watchedAttributes").vocab(),
];
