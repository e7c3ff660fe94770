//! The settings that the faces share: one struct per section of the configuration file, every key with its default.

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaceConfig {
    /// `[tenants]`
    pub tenants: TenantsConfig,
    /// `[contexts]`
    pub contexts: ContextsConfig,
    /// `[limits]`
    pub limits: LimitsConfig,
}

/// `[tenants]`: how tenants come to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantsConfig {
    /// Whether the first write of a tenant creates it; if not, writes to unknown tenants are answered 404.
    pub create: bool,
}

/// `[contexts]`: how remote JSON-LD contexts are loaded and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextsConfig {
    /// Whether contexts are loaded from the network at all.
    pub fetch: bool,
    /// How long loading one document may take.
    pub timeout_seconds: u64,
    /// How large one document may be.
    pub document_bytes: usize,
    /// How many documents may include one another in a chain.
    pub chain: usize,
    /// How many documents one context may include, each counted as often as it is included.
    pub documents: usize,
    /// How many terms one context may define, each counted as often as it is applied.
    pub terms: usize,
    /// Memory for resolved contexts.
    pub held_bytes: u64,
    /// How long a copy is fresh when its server does not say.
    pub fresh_seconds: u64,
    /// How long a failure to load is remembered before the next try.
    pub retry_seconds: u64,
    /// How many copies of remote documents are stored; the one unused for longest gives way.
    pub stored: usize,
    /// How many contexts a tenant may have that were added or made for it.
    pub hosted: usize,
}

/// `[limits]`: how much one request may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// The largest body, and the largest item of a batch.
    pub body_bytes: usize,
    /// The largest body of a batch as a whole.
    pub batch_bytes: u64,
    /// The most items of a batch.
    pub batch_items: usize,
    /// A batch up to this size is checked as JSON in whole before anything of it is done.
    pub batch_checked_bytes: usize,
    /// How deep JSON may nest.
    pub nesting: usize,
    /// How many attribute instances an entity may have.
    pub attributes: usize,
    /// How many rows a page has when the request does not say.
    pub page_rows: usize,
    /// How many rows a page may have.
    pub page_rows_max: usize,
    /// How many instances, or periods, an answer about the past may hold; what is more is cut in time.
    pub instances: usize,
    /// How far `offset` may reach.
    pub offset_max: usize,
    /// How long a query may run.
    pub query_seconds: u64,
    /// How many documents a query may read beyond those that it answers.
    pub query_documents: u64,
    /// How many entities a tile of the map shows one by one; where there are more, they are clustered.
    pub tile_features: usize,
    /// The same at the zooms beyond which a map only magnifies.
    pub tile_features_deepest: usize,
    /// How long an answer is kept for requests that repeat its `Idempotency-Key`.
    pub answers_kept_seconds: u64,
}

impl Default for TenantsConfig {
    fn default() -> Self {
        Self { create: true }
    }
}

impl Default for ContextsConfig {
    fn default() -> Self {
        Self {
            fetch: true,
            timeout_seconds: 10,
            document_bytes: 8 << 20,
            chain: 10,
            documents: 100,
            terms: 200_000,
            held_bytes: 128 << 20,
            fresh_seconds: 24 * 3600,
            retry_seconds: 30,
            stored: 10_000,
            hosted: 1000,
        }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            body_bytes: 16 << 20,
            batch_bytes: 1 << 30,
            batch_items: 200_000,
            batch_checked_bytes: 2 << 20,
            nesting: 64,
            attributes: 10_000,
            page_rows: 20,
            page_rows_max: 1000,
            instances: 10_000,
            offset_max: 10_000,
            query_seconds: 2,
            query_documents: 50_000,
            tile_features: 2000,
            tile_features_deepest: 10_000,
            answers_kept_seconds: 24 * 3600,
        }
    }
}
