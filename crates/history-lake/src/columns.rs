//! The columns of the tables, as Parquet and Delta name their types.

use std::fmt::Write as _;
use std::sync::LazyLock;

use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{SchemaDescPtr, SchemaDescriptor};
use serde_json::{Value, json};
use std::sync::Arc;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Texts,
    Bytes,
    Time,
    Number,
    Flag,
    Int,
}

/// A column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) of: Type,
}

/// The columns of a table and how its rows lie.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) columns: Vec<Column>,
    pub(crate) schema: SchemaDescPtr,
    /// The columns by which rows are sorted first, and which make a series together.
    pub(crate) key: Vec<usize>,
    /// The times by which the rows of a series are sorted: the first one that is there counts, then the rest in turn.
    pub(crate) order: Vec<Vec<usize>>,
    /// Where the times lie by which files are told apart.
    pub(crate) times: [Option<usize>; 4],
}

const fn column(name: &'static str, of: Type) -> Column {
    Column { name, of }
}

/// The places of the columns of [`INSTANCES`]; [`REPLACED`] has one more.
pub(crate) mod at {
    pub(crate) const ENTITY_TYPE: usize = 0;
    pub(crate) const ENTITY_ID: usize = 1;
    pub(crate) const ATTRIBUTE: usize = 2;
    pub(crate) const KIND: usize = 3;
    pub(crate) const DATASET_ID: usize = 4;
    pub(crate) const UNIT_CODE: usize = 5;
    pub(crate) const TYPES: usize = 6;
    pub(crate) const OBSERVED_AT: usize = 7;
    pub(crate) const NUMBER: usize = 8;
    pub(crate) const TEXT: usize = 9;
    pub(crate) const BOOLEAN: usize = 10;
    pub(crate) const OBJECT: usize = 11;
    pub(crate) const JSON: usize = 12;
    pub(crate) const GEOMETRY: usize = 13;
    pub(crate) const SUB_ATTRIBUTES: usize = 14;
    pub(crate) const DETAILS: usize = 15;
    pub(crate) const MODIFIED_AT: usize = 16;
    pub(crate) const CREATED_AT: usize = 17;
    pub(crate) const DELETED_AT: usize = 18;
    pub(crate) const SEQUENCE: usize = 19;
    pub(crate) const ORIGIN: usize = 20;
    pub(crate) const DECIMALS: usize = 21;
    pub(crate) const OBSERVED_DIGITS: usize = 22;
    pub(crate) const BODY: usize = 23;
    pub(crate) const REPLACED_AT: usize = 24;
}

/// The places of the columns of [`HEADS`].
pub(crate) mod head {
    pub(crate) const ENTITY_ID: usize = 0;
    pub(crate) const TYPES: usize = 1;
    pub(crate) const CREATED_AT: usize = 2;
    pub(crate) const MODIFIED_AT: usize = 3;
    pub(crate) const DELETED_AT: usize = 4;
    pub(crate) const EXPIRES_AT: usize = 5;
    pub(crate) const ORIGIN: usize = 6;
}

fn instance_columns() -> Vec<Column> {
    vec![
        column("entity_type", Type::Text),
        column("entity_id", Type::Text),
        column("attribute", Type::Text),
        column("kind", Type::Text),
        column("dataset_id", Type::Text),
        column("unit_code", Type::Text),
        column("types", Type::Texts),
        column("observed_at", Type::Time),
        column("number", Type::Number),
        column("text", Type::Text),
        column("boolean", Type::Flag),
        column("object", Type::Text),
        column("json", Type::Text),
        column("geometry", Type::Text),
        column("sub_attributes", Type::Text),
        column("details", Type::Text),
        column("modified_at", Type::Time),
        column("created_at", Type::Time),
        column("deleted_at", Type::Time),
        column("sequence", Type::Int),
        column("origin", Type::Text),
        column("decimals", Type::Int),
        column("observed_digits", Type::Int),
        column("body", Type::Bytes),
    ]
}

/// Instances, as evolutions show them.
pub(crate) static INSTANCES: LazyLock<Shape> = LazyLock::new(|| instance_shape(instance_columns()));

/// Instances in whose place others came.
pub(crate) static REPLACED: LazyLock<Shape> = LazyLock::new(|| {
    let mut columns = instance_columns();
    columns.push(column("replaced_at", Type::Time));
    instance_shape(columns)
});

/// What entities were.
pub(crate) static HEADS: LazyLock<Shape> = LazyLock::new(|| {
    let columns = vec![
        column("entity_id", Type::Text),
        column("types", Type::Texts),
        column("created_at", Type::Time),
        column("modified_at", Type::Time),
        column("deleted_at", Type::Time),
        column("expires_at", Type::Time),
        column("origin", Type::Text),
    ];
    let order = vec![vec![head::MODIFIED_AT]];
    let times = [None, Some(head::CREATED_AT), Some(head::MODIFIED_AT), Some(head::DELETED_AT)];
    Shape { schema: schema_of(&columns), columns, key: vec![head::ENTITY_ID], order, times }
});

fn instance_shape(columns: Vec<Column>) -> Shape {
    Shape {
        schema: schema_of(&columns),
        columns,
        key: vec![at::ENTITY_TYPE, at::ENTITY_ID, at::ATTRIBUTE, at::DATASET_ID],
        order: vec![vec![at::OBSERVED_AT, at::MODIFIED_AT], vec![at::MODIFIED_AT], vec![at::SEQUENCE]],
        times: [Some(at::OBSERVED_AT), Some(at::CREATED_AT), Some(at::MODIFIED_AT), Some(at::DELETED_AT)],
    }
}

impl Shape {
    /// The column that holds the entity's id.
    pub(crate) fn entity(&self) -> usize {
        self.columns.iter().position(|column| column.name == "entity_id").unwrap_or_default()
    }

    /// Whether it has series below its entities.
    pub(crate) fn has_series(&self) -> bool {
        self.key.len() > 1
    }

    /// The schema as the log of a Delta table tells it.
    pub(crate) fn delta(&self) -> String {
        let field = |column: &Column| json!({"name": column.name, "type": delta_type(column.of), "nullable": true, "metadata": {}});
        json!({"type": "struct", "fields": self.columns.iter().map(field).collect::<Vec<Value>>()}).to_string()
    }
}

fn delta_type(of: Type) -> Value {
    match of {
        Type::Text => json!("string"),
        Type::Bytes => json!("binary"),
        Type::Time => json!("timestamp"),
        Type::Number => json!("double"),
        Type::Flag => json!("boolean"),
        Type::Int => json!("integer"),
        Type::Texts => json!({"type": "array", "elementType": "string", "containsNull": true}),
    }
}

fn schema_of(columns: &[Column]) -> SchemaDescPtr {
    let mut text = "message machi {".to_owned();
    for Column { name, of } in columns {
        let _ = match of {
            Type::Text => write!(text, "optional binary {name} (STRING);"),
            Type::Bytes => write!(text, "optional binary {name};"),
            Type::Time => write!(text, "optional int64 {name} (TIMESTAMP(MICROS,true));"),
            Type::Number => write!(text, "optional double {name};"),
            Type::Flag => write!(text, "optional boolean {name};"),
            Type::Int => write!(text, "optional int32 {name};"),
            Type::Texts => write!(
                text,
                "optional group {name} (LIST) {{ repeated group list {{ optional binary element (STRING); }} }}"
            ),
        };
    }
    text.push('}');
    let schema = parse_message_type(&text).expect("the schema above is one");
    Arc::new(SchemaDescriptor::new(Arc::new(schema)))
}
