//! The relations of `pg_catalog`: what there is in the city, in the words of PostgreSQL.
//!
//! A relation is filled when a query names it. Those that would hold what Machi does not have, such as indexes and
//! triggers, are empty; of them only the columns are here that others are joined by.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, new_empty_array};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::TableType;
use rustc_hash::FxHashSet;

use super::Client;
use super::settings::{names, setting};
use super::types::{OID, TYPES, Type};
use crate::catalog::{SCHEMA, Tables};

/// The name of the schema.
pub(crate) const PG_CATALOG: &str = "pg_catalog";

/// The object ids that everybody knows, and those of what there is one of.
pub(super) const OF_PG_CATALOG: i64 = 11;
pub(super) const OF_PUBLIC: i64 = 2200;
pub(super) const OF_INFORMATION_SCHEMA: i64 = 13_000;
pub(super) const OF_PG_CLASS: i64 = 1259;
const OF_USER: i64 = 10;
const OF_DATABASE: i64 = 16_384;
const OF_HEAP: i64 = 2;
const OF_TABLESPACE: i64 = 1663;
/// From here on tables have their numbers.
const FIRST: i64 = 100_000;
/// Numbers of tables are spread over so many.
const SPREAD: u64 = 1 << 30;

/// The filled relations.
const FILLED: [&str; 11] = [
    "pg_am",
    "pg_attribute",
    "pg_class",
    "pg_database",
    "pg_namespace",
    "pg_roles",
    "pg_tables",
    "pg_tablespace",
    "pg_type",
    "pg_user",
    "pg_settings",
];

/// The empty relations, with the columns that clients name where they join them. Of others of these names they read
/// nothing but what comes of an empty relation, whatever they ask (see `rewrite`).
const EMPTY: [(&str, &[&str]); 46] = [
    ("pg_aggregate", &["aggfnoid"]),
    ("pg_attrdef", &["oid", "adrelid", "adnum", "adbin"]),
    ("pg_auth_members", &["roleid", "member"]),
    ("pg_available_extensions", &["name"]),
    ("pg_cast", &["oid"]),
    ("pg_collation", &["oid", "collname", "collnamespace", "collprovider"]),
    (
        "pg_constraint",
        &["oid", "conname", "connamespace", "contype", "conrelid", "contypid", "conindid", "confrelid", "conkey"],
    ),
    ("pg_conversion", &["oid"]),
    ("pg_cursors", &["name"]),
    ("pg_db_role_setting", &["setdatabase", "setrole"]),
    ("pg_default_acl", &["oid"]),
    ("pg_depend", &["classid", "objid", "objsubid", "refclassid", "refobjid", "refobjsubid", "deptype"]),
    ("pg_description", &["objoid", "classoid", "objsubid", "description"]),
    ("pg_enum", &["oid", "enumtypid", "enumsortorder", "enumlabel"]),
    ("pg_event_trigger", &["oid"]),
    ("pg_extension", &["oid", "extname", "extnamespace", "extversion"]),
    ("pg_foreign_data_wrapper", &["oid"]),
    ("pg_foreign_server", &["oid", "srvname"]),
    ("pg_foreign_table", &["ftrelid", "ftserver"]),
    ("pg_index", &["indexrelid", "indrelid", "indisprimary", "indisunique", "indkey"]),
    ("pg_indexes", &["schemaname", "tablename", "indexname"]),
    ("pg_inherits", &["inhrelid", "inhparent", "inhseqno"]),
    ("pg_language", &["oid", "lanname"]),
    ("pg_locks", &["pid"]),
    ("pg_matviews", &["schemaname", "matviewname"]),
    ("pg_opclass", &["oid", "opcname"]),
    ("pg_operator", &["oid", "oprname"]),
    ("pg_partitioned_table", &["partrelid"]),
    ("pg_policy", &["oid", "polrelid", "polname"]),
    ("pg_prepared_statements", &["name"]),
    ("pg_proc", &["oid", "proname", "pronamespace"]),
    ("pg_publication", &["oid", "pubname"]),
    ("pg_publication_namespace", &["pnpubid"]),
    ("pg_publication_rel", &["prpubid", "prrelid"]),
    ("pg_range", &["rngtypid", "rngsubtype"]),
    ("pg_rewrite", &["oid", "ev_class"]),
    ("pg_seclabel", &["objoid"]),
    ("pg_sequence", &["seqrelid"]),
    ("pg_sequences", &["schemaname", "sequencename"]),
    ("pg_shdescription", &["objoid", "classoid", "description"]),
    ("pg_stat_activity", &["pid", "datname"]),
    ("pg_stat_user_tables", &["relid", "relname"]),
    ("pg_statistic_ext", &["oid", "stxrelid"]),
    ("pg_subscription", &["oid"]),
    ("pg_trigger", &["oid", "tgrelid", "tgname"]),
    ("pg_views", &["schemaname", "viewname"]),
];

/// Whether a relation is one of those that never hold anything.
pub(super) fn is_empty(name: &str) -> bool {
    EMPTY.iter().any(|(empty, _)| *empty == name)
}

/// Whether there is such a relation.
pub(super) fn is_relation(name: &str) -> bool {
    FILLED.contains(&name) || is_empty(name)
}

/// The relations as one query sees them.
pub(crate) struct Relations {
    tables: Arc<Tables>,
    pub(super) client: Arc<Client>,
    /// The tables of the city with their object ids, in the order of their names.
    pub(super) numbered: Vec<(String, i64)>,
}

impl fmt::Debug for Relations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relations").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Relations {
    pub(crate) fn new(tables: Arc<Tables>, client: Arc<Client>) -> Self {
        let numbered = numbered(tables.table_names());
        Self { tables, client, numbered }
    }

    async fn relation(&self, name: &str) -> Result<Rows, DataFusionError> {
        Ok(match name {
            "pg_am" => Rows::new(1).ids("oid", [OF_HEAP]).texts("amname", ["heap"]).texts("amtype", ["t"]),
            "pg_attribute" => self.attributes().await?,
            "pg_class" => self.classes(),
            "pg_database" => self.databases(),
            "pg_namespace" => Rows::new(3)
                .ids("oid", [OF_PG_CATALOG, OF_PUBLIC, OF_INFORMATION_SCHEMA])
                .texts("nspname", [PG_CATALOG, SCHEMA, "information_schema"])
                .same_ids("nspowner", OF_USER)
                .nulls("nspacl"),
            "pg_roles" => self.roles(),
            "pg_user" => Rows::new(1)
                .texts("usename", [&*self.client.user])
                .ids("usesysid", [OF_USER])
                .same_flags("usecreatedb", false)
                .same_flags("usesuper", false),
            "pg_settings" => self.settings(),
            "pg_tablespace" => Rows::new(1)
                .ids("oid", [OF_TABLESPACE])
                .texts("spcname", ["pg_default"])
                .same_ids("spcowner", OF_USER)
                .nulls("spcacl")
                .nulls("spcoptions"),
            "pg_tables" => Rows::new(self.numbered.len())
                .same_texts("schemaname", SCHEMA)
                .texts("tablename", self.names())
                .same_texts("tableowner", &self.client.user)
                .nulls("tablespace")
                .same_flags("hasindexes", false)
                .same_flags("hasrules", false)
                .same_flags("hastriggers", false)
                .same_flags("rowsecurity", false),
            "pg_type" => types(),
            _ => empty(name),
        })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.numbered.iter().map(|(name, _)| &**name)
    }

    fn classes(&self) -> Rows {
        let rows = Rows::new(self.numbered.len())
            .ids("oid", self.numbered.iter().map(|(_, oid)| *oid))
            .texts("relname", self.names())
            .same_ids("relnamespace", OF_PUBLIC)
            .same_ids("reltype", 0)
            .same_ids("reloftype", 0)
            .same_ids("relowner", OF_USER)
            .same_ids("relam", OF_HEAP)
            .same_ids("relfilenode", 0)
            .same_ids("reltablespace", 0)
            .same_ids("reltoastrelid", 0)
            .same_texts("relkind", "r")
            .same_texts("relpersistence", "p")
            .same_texts("relreplident", "d")
            .nulls("relacl")
            .nulls("reloptions")
            .nulls("relpartbound");
        // How much there is of anything is not counted for it.
        let rows = ["relpages", "relallvisible", "relchecks", "relnatts"].into_iter().fold(rows, Rows::zeros);
        let rows = rows.floats("reltuples", -1.0);
        let flags = [
            "relhasindex",
            "relisshared",
            "relhasrules",
            "relhastriggers",
            "relhassubclass",
            "relrowsecurity",
            "relforcerowsecurity",
            "relispartition",
        ];
        flags.into_iter().fold(rows, |rows, flag| rows.same_flags(flag, false)).same_flags("relispopulated", true)
    }

    async fn attributes(&self) -> Result<Rows, DataFusionError> {
        let (mut relations, mut names, mut numbers, mut types) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut required = Vec::new();
        for (table, oid) in &self.numbered {
            let Some(made) = self.tables.table(table).await? else { continue };
            for (place, field) in made.schema().fields().iter().enumerate() {
                relations.push(*oid);
                names.push(field.name().clone());
                numbers.push(place as i64 + 1);
                types.push(Type::of_field(field));
                required.push(!field.is_nullable());
            }
        }
        let rows = Rows::new(names.len())
            .ids("attrelid", relations)
            .texts("attname", names.iter().map(String::as_str))
            .ids("atttypid", types.iter().map(|of| i64::from(of.oid())))
            .numbers("attlen", types.iter().map(|of| i64::from(of.about().length)))
            .numbers("attnum", numbers)
            .same_numbers("atttypmod", -1)
            .same_numbers("attstattarget", -1)
            .same_ids("attcollation", 0)
            .flags("attnotnull", required)
            .same_texts("attidentity", "")
            .same_texts("attgenerated", "")
            .same_texts("attstorage", "x")
            .same_texts("attcompression", "")
            .nulls("attacl")
            .nulls("attoptions")
            .nulls("attfdwoptions");
        let rows = ["attndims", "attinhcount"].into_iter().fold(rows, Rows::zeros);
        let flags = ["atthasdef", "attisdropped", "atthasmissing"];
        Ok(flags.into_iter().fold(rows, |rows, flag| rows.same_flags(flag, false)).same_flags("attislocal", true))
    }

    fn settings(&self) -> Rows {
        let named: Vec<(&str, String)> =
            names().filter_map(|name| Some((name, setting(name, &self.client)?))).collect();
        let value = |rows: Rows, column| rows.texts(column, named.iter().map(|(_, value)| &**value));
        let rows = Rows::new(named.len()).texts("name", named.iter().map(|(name, _)| *name));
        let rows = ["setting", "boot_val", "reset_val"].into_iter().fold(rows, value);
        rows.same_texts("category", "Preset Options")
            .same_texts("context", "internal")
            .same_texts("vartype", "string")
            .same_texts("source", "default")
            .nulls("unit")
            .nulls("short_desc")
            .nulls("extra_desc")
            .nulls("min_val")
            .nulls("max_val")
            .nulls("enumvals")
    }

    fn databases(&self) -> Rows {
        Rows::new(1)
            .ids("oid", [OF_DATABASE])
            .texts("datname", [&*self.client.database])
            .same_ids("datdba", OF_USER)
            .same_numbers("encoding", 6)
            .same_texts("datcollate", "C")
            .same_texts("datctype", "C")
            .same_flags("datistemplate", false)
            .same_flags("datallowconn", true)
            .same_numbers("datconnlimit", -1)
            .same_ids("dattablespace", OF_TABLESPACE)
            .nulls("datacl")
    }

    fn roles(&self) -> Rows {
        let rows = Rows::new(1)
            .ids("oid", [OF_USER])
            .texts("rolname", [&*self.client.user])
            .same_flags("rolcanlogin", true)
            .same_flags("rolinherit", true)
            .same_numbers("rolconnlimit", -1)
            .nulls("rolvaliduntil")
            .nulls("rolconfig");
        let flags = ["rolsuper", "rolcreaterole", "rolcreatedb", "rolreplication", "rolbypassrls"];
        flags.into_iter().fold(rows, |rows, flag| rows.same_flags(flag, false))
    }
}

fn types() -> Rows {
    let rows = Rows::new(TYPES.len())
        .ids("oid", TYPES.map(|about| i64::from(about.oid)))
        .texts("typname", TYPES.map(|about| about.name))
        .same_ids("typnamespace", OF_PG_CATALOG)
        .same_ids("typowner", OF_USER)
        .numbers("typlen", TYPES.map(|about| i64::from(about.length)))
        .same_texts("typtype", "b")
        .texts("typcategory", TYPES.map(|about| about.category))
        .same_texts("typdelim", ",")
        .same_numbers("typtypmod", -1)
        .nulls("typdefault")
        .same_flags("typisdefined", true);
    let ids = ["typrelid", "typelem", "typarray", "typbasetype", "typcollation", "typinput", "typreceive"];
    let rows = ids.into_iter().fold(rows, |rows, id| rows.same_ids(id, 0));
    ["typnotnull", "typispreferred"].into_iter().fold(rows, |rows, flag| rows.same_flags(flag, false)).zeros("typndims")
}

fn empty(name: &str) -> Rows {
    let columns = EMPTY.iter().find(|(empty, _)| *empty == name).map_or(&[][..], |(_, columns)| columns);
    columns.iter().fold(Rows::new(0), |rows, column| {
        match column.ends_with("name") || column.ends_with("description") {
            true => rows.texts(column, [] as [&str; 0]),
            false => match *column {
                "contype" | "deptype" | "enumlabel" | "extversion" | "collprovider" | "adbin" | "conkey" | "indkey" => {
                    rows.texts(column, [] as [&str; 0])
                }
                "indisprimary" | "indisunique" => rows.flags(column, []),
                _ => rows.ids(column, []),
            },
        }
    })
}

/// The object ids of tables: they come of the names alone, so that they are the same in the next query.
fn numbered(mut names: Vec<String>) -> Vec<(String, i64)> {
    names.sort_unstable();
    let mut taken: FxHashSet<i64> = FxHashSet::default();
    let number = |name: String| {
        let mut oid = FIRST + (hash(&name) % SPREAD) as i64;
        while !taken.insert(oid) {
            oid += 1;
        }
        (name, oid)
    };
    names.into_iter().map(number).collect()
}

/// FNV-1a, which is the same in every run.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[async_trait]
impl SchemaProvider for Relations {
    fn table_names(&self) -> Vec<String> {
        FILLED.iter().copied().chain(EMPTY.iter().map(|(name, _)| *name)).map(str::to_owned).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if !is_relation(name) {
            return Ok(None);
        }
        let table = self.relation(name).await?.into_table()?;
        Ok(Some(Arc::new(table)))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>, DataFusionError> {
        Ok(is_relation(name).then_some(TableType::Base))
    }

    fn table_exist(&self, name: &str) -> bool {
        is_relation(name)
    }
}

/// The rows of a relation, column by column.
struct Rows {
    count: usize,
    fields: Vec<Field>,
    columns: Vec<ArrayRef>,
}

impl Rows {
    const fn new(count: usize) -> Self {
        Self { count, fields: Vec::new(), columns: Vec::new() }
    }

    fn with(mut self, field: Field, column: ArrayRef) -> Self {
        self.fields.push(field);
        self.columns.push(column);
        self
    }

    fn ids(self, name: &str, ids: impl IntoIterator<Item = i64>) -> Self {
        let marked = [(OID.to_owned(), String::new())].into_iter().collect();
        let field = Field::new(name, DataType::Int64, true).with_metadata(marked);
        self.with(field, Arc::new(Int64Array::from_iter_values(ids)))
    }

    fn numbers(self, name: &str, numbers: impl IntoIterator<Item = i64>) -> Self {
        let field = Field::new(name, DataType::Int64, true);
        self.with(field, Arc::new(Int64Array::from_iter_values(numbers)))
    }

    fn floats(self, name: &str, number: f64) -> Self {
        let column = datafusion::arrow::array::Float64Array::from(vec![number; self.count]);
        self.with(Field::new(name, DataType::Float64, true), Arc::new(column))
    }

    fn texts<'t>(self, name: &str, texts: impl IntoIterator<Item = &'t str>) -> Self {
        self.with(Field::new(name, DataType::Utf8, true), Arc::new(StringArray::from_iter_values(texts)))
    }

    fn flags(self, name: &str, flags: impl IntoIterator<Item = bool>) -> Self {
        let column: BooleanArray = flags.into_iter().map(Some).collect();
        self.with(Field::new(name, DataType::Boolean, true), Arc::new(column))
    }

    fn nulls(self, name: &str) -> Self {
        let column = StringArray::new_null(self.count);
        self.with(Field::new(name, DataType::Utf8, true), Arc::new(column))
    }

    fn zeros(self, name: &str) -> Self {
        self.same_numbers(name, 0)
    }

    fn same_ids(self, name: &str, id: i64) -> Self {
        let count = self.count;
        self.ids(name, vec![id; count])
    }

    fn same_numbers(self, name: &str, number: i64) -> Self {
        let count = self.count;
        self.numbers(name, vec![number; count])
    }

    fn same_texts(self, name: &str, text: &str) -> Self {
        let count = self.count;
        self.texts(name, vec![text; count])
    }

    fn same_flags(self, name: &str, flag: bool) -> Self {
        let count = self.count;
        self.flags(name, vec![flag; count])
    }

    fn into_table(self) -> Result<MemTable, DataFusionError> {
        let schema = Arc::new(Schema::new(self.fields));
        let columns = match self.count {
            0 => schema.fields().iter().map(|field| new_empty_array(field.data_type())).collect(),
            _ => self.columns,
        };
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
        MemTable::try_new(schema, vec![vec![batch]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_the_same_number_whatever_others_there_are() {
        let all = numbered(["Room", "history", "Sensor"].map(str::to_owned).to_vec());
        let some = numbered(["history", "Room"].map(str::to_owned).to_vec());
        assert_eq!(all.iter().find(|(name, _)| name == "Room"), some.iter().find(|(name, _)| name == "Room"));
        assert!(all.windows(2).all(|pair| pair[0].1 != pair[1].1));
    }

    #[test]
    fn relations_have_columns_of_one_length() {
        for (name, _) in EMPTY {
            assert!(empty(name).into_table().is_ok(), "{name}");
        }
        assert!(types().into_table().is_ok());
    }
}
