//! The functions by which clients of PostgreSQL ask about the database, its tables and its types.
//!
//! None of them does anything: what they say is known when the query is planned.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, Int64Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use super::relations::{OF_INFORMATION_SCHEMA, OF_PG_CATALOG, OF_PG_CLASS, OF_PUBLIC, PG_CATALOG, Relations};
use super::settings::setting;
use super::types::{TYPES, Type};
use super::{Client, version};
use crate::catalog::SCHEMA;

/// The number of a table, or of a type, of which the name is given.
pub(super) const TO_CLASS: &str = "to_regclass";
pub(super) const TO_TYPE: &str = "to_regtype";
pub(super) const TO_NAMESPACE: &str = "to_regnamespace";
/// The name of a table, a type or a schema, of which the number is given.
pub(super) const CLASS_NAME: &str = "machi_regclass";
pub(super) const TYPE_NAME: &str = "machi_regtype";
pub(super) const NAMESPACE_NAME: &str = "machi_regnamespace";

/// Functions whose answer is that there is nothing to tell.
const NOTHING: [&str; 29] = [
    "array_to_string",
    "col_description",
    "inet_server_addr",
    "obj_description",
    "pg_advisory_unlock_all",
    "pg_database_size",
    "pg_get_constraintdef",
    "pg_get_expr",
    "pg_get_function_arguments",
    "pg_get_function_identity_arguments",
    "pg_get_function_result",
    "pg_get_functiondef",
    "pg_get_indexdef",
    "pg_get_partition_constraintdef",
    "pg_get_partkeydef",
    "pg_get_ruledef",
    "pg_get_serial_sequence",
    "pg_get_statisticsobjdef_columns",
    "pg_get_triggerdef",
    "pg_get_viewdef",
    "pg_indexes_size",
    "pg_relation_filepath",
    "pg_relation_size",
    "pg_size_pretty",
    "pg_table_size",
    "pg_tablespace_location",
    "pg_tablespace_size",
    "pg_total_relation_size",
    "shobj_description",
];

/// Functions that say yes: everything may be read.
const YES: [&str; 12] = [
    "has_any_column_privilege",
    "has_column_privilege",
    "has_database_privilege",
    "has_function_privilege",
    "has_schema_privilege",
    "has_sequence_privilege",
    "has_table_privilege",
    "has_type_privilege",
    "pg_collation_is_visible",
    "pg_function_is_visible",
    "pg_table_is_visible",
    "pg_type_is_visible",
];

/// Functions that say no.
const NO: [&str; 4] =
    ["pg_is_in_recovery", "pg_is_other_temp_schema", "pg_relation_is_publishable", "row_security_active"];

/// The functions for one query.
pub(crate) fn functions(relations: &Arc<Relations>) -> Vec<Arc<ScalarUDF>> {
    let client = &relations.client;
    let always = |text: &str| Says::Always(ScalarValue::from(text));
    let tables: Arc<[(String, i64)]> = relations.numbered.clone().into();
    let told = [
        ("current_catalog", always(&client.database)),
        ("current_database", always(&client.database)),
        ("current_role", always(&client.user)),
        ("current_schema", always(SCHEMA)),
        ("current_user", always(&client.user)),
        ("pg_backend_pid", Says::Always(ScalarValue::from(i64::from(client.connection)))),
        ("pg_client_encoding", always("UTF8")),
        ("pg_encoding_to_char", always("UTF8")),
        ("pg_get_userbyid", always(&client.user)),
        ("session_user", always(&client.user)),
        ("user", always(&client.user)),
        ("version", always(&version())),
        ("format_type", Says::TypeName),
        (TYPE_NAME, Says::TypeName),
        (NAMESPACE_NAME, Says::NamespaceName),
        (CLASS_NAME, Says::ClassName(Arc::clone(&tables))),
        (TO_CLASS, Says::ToClass(tables)),
        (TO_TYPE, Says::ToType),
        (TO_NAMESPACE, Says::ToNamespace),
        ("quote_ident", Says::Quoted),
        ("current_setting", Says::Setting(Known(Arc::clone(client)))),
    ];
    let nothing = NOTHING.map(|name| (name, Says::Always(ScalarValue::Utf8(None))));
    let yes = YES.map(|name| (name, Says::Always(ScalarValue::from(true))));
    let no = NO.map(|name| (name, Says::Always(ScalarValue::from(false))));
    let all = told.into_iter().chain(nothing).chain(yes).chain(no);
    all.map(|(name, says)| Arc::new(ScalarUDF::from(Function::new(name, says)))).collect()
}

/// A function.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Function {
    name: &'static str,
    says: Says,
    signature: Signature,
}

/// What a function says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Says {
    /// Always the same, whatever it is asked.
    Always(ScalarValue),
    /// The name of a type, of a schema, of a table, of which the number comes first.
    TypeName,
    NamespaceName,
    ClassName(Arc<[(String, i64)]>),
    /// The number of a type, of a schema, of a table, of which the name comes first.
    ToType,
    ToNamespace,
    ToClass(Arc<[(String, i64)]>),
    /// The name, in quotation marks where they are needed.
    Quoted,
    /// The value of a setting.
    Setting(Known),
}

/// Who asks; two of one query are the same.
#[derive(Clone, Debug)]
struct Known(Arc<Client>);

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Known {}

impl std::hash::Hash for Known {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.connection.hash(state);
    }
}

impl Function {
    fn new(name: &'static str, says: Says) -> Self {
        let any = vec![TypeSignature::VariadicAny, TypeSignature::Nullary];
        Self { name, says, signature: Signature::one_of(any, Volatility::Stable) }
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(match &self.says {
            Says::Always(value) => value.data_type(),
            Says::ToType | Says::ToNamespace | Says::ToClass(_) => DataType::Int64,
            _ => DataType::Utf8,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let none = ColumnarValue::Scalar(ScalarValue::Null);
        let first = args.args.first().unwrap_or(&none).to_array(args.number_rows)?;
        Ok(ColumnarValue::Array(match &self.says {
            Says::TypeName => texts(&first, named_type)?,
            Says::NamespaceName => texts(&first, |oid| Some(named_namespace(oid)))?,
            Says::ClassName(tables) => texts(&first, |oid| Some(named_class(tables, oid)))?,
            Says::ToType => numbers(&first, numbered_type)?,
            Says::ToNamespace => numbers(&first, numbered_namespace)?,
            Says::ToClass(tables) => numbers(&first, |name| numbered_class(tables, name))?,
            Says::Quoted => of_texts(&first, |name| Some(quoted(name)))?,
            Says::Setting(client) => of_texts(&first, |name| setting(name, &client.0))?,
            Says::Always(value) => return Ok(ColumnarValue::Scalar(value.clone())),
        }))
    }
}

fn texts(of: &ArrayRef, name: impl Fn(i64) -> Option<String>) -> Result<ArrayRef, DataFusionError> {
    let ids = cast(of, &DataType::Int64)?;
    let ids = ids.as_any().downcast_ref::<Int64Array>().into_iter().flatten();
    Ok(Arc::new(ids.map(|id| id.and_then(&name)).collect::<StringArray>()))
}

fn numbers(of: &ArrayRef, number: impl Fn(&str) -> Option<i64>) -> Result<ArrayRef, DataFusionError> {
    let names = cast(of, &DataType::Utf8)?;
    let names = names.as_any().downcast_ref::<StringArray>().into_iter().flatten();
    Ok(Arc::new(names.map(|name| name.and_then(&number)).collect::<Int64Array>()))
}

fn of_texts(of: &ArrayRef, text: impl Fn(&str) -> Option<String>) -> Result<ArrayRef, DataFusionError> {
    let texts = cast(of, &DataType::Utf8)?;
    let texts = texts.as_any().downcast_ref::<StringArray>().into_iter().flatten();
    Ok(Arc::new(texts.map(|each| each.and_then(&text)).collect::<StringArray>()))
}

fn named_type(oid: i64) -> Option<String> {
    let of = Type::with_oid(u32::try_from(oid).ok()?);
    Some(of.map_or_else(|| "???".to_owned(), |of| of.about().sql.to_owned()))
}

fn numbered_type(name: &str) -> Option<i64> {
    let plain = unquoted(name);
    let found = TYPES.iter().find(|about| about.name == plain || about.sql == plain);
    found.map(|about| i64::from(about.oid))
}

fn named_namespace(oid: i64) -> String {
    match oid {
        OF_PG_CATALOG => PG_CATALOG.to_owned(),
        OF_PUBLIC => SCHEMA.to_owned(),
        OF_INFORMATION_SCHEMA => "information_schema".to_owned(),
        other => other.to_string(),
    }
}

fn numbered_namespace(name: &str) -> Option<i64> {
    match &*unquoted(name) {
        PG_CATALOG => Some(OF_PG_CATALOG),
        SCHEMA => Some(OF_PUBLIC),
        "information_schema" => Some(OF_INFORMATION_SCHEMA),
        _ => None,
    }
}

fn named_class(tables: &[(String, i64)], oid: i64) -> String {
    let found = tables.iter().find(|(_, of)| *of == oid);
    found.map_or_else(|| oid.to_string(), |(name, _)| quoted(name))
}

fn numbered_class(tables: &[(String, i64)], name: &str) -> Option<i64> {
    if let Ok(oid) = name.parse() {
        return Some(oid);
    }
    let plain = unquoted(name);
    match tables.iter().find(|(table, _)| *table == plain) {
        Some((_, oid)) => Some(*oid),
        None => (plain == "pg_class").then_some(OF_PG_CLASS),
    }
}

/// The last part of a name, without its quotation marks.
fn unquoted(name: &str) -> String {
    let last = match name.strip_suffix('"') {
        Some(open) => open.rsplit_once(".\"").map_or(open.trim_start_matches('"'), |(_, last)| last),
        None => {
            [SCHEMA, PG_CATALOG].iter().find_map(|schema| name.strip_prefix(schema)?.strip_prefix('.')).unwrap_or(name)
        }
    };
    last.replace("\"\"", "\"")
}

/// A name as it is written in a query.
fn quoted(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_')
        && !name.contains(|each: char| each.is_ascii_uppercase());
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_they_are_written() {
        let tables = [("Room".to_owned(), 7), ("https://a.example/B".to_owned(), 8), ("history".to_owned(), 9)];
        for (name, expected) in [
            ("\"Room\"", Some(7)),
            ("Room", Some(7)),
            ("public.\"Room\"", Some(7)),
            ("\"public\".\"Room\"", Some(7)),
            ("public.history", Some(9)),
            ("\"https://a.example/B\"", Some(8)),
            ("pg_catalog.pg_class", Some(OF_PG_CLASS)),
            ("42", Some(42)),
            ("room", None),
        ] {
            assert_eq!(numbered_class(&tables, name), expected, "{name}");
        }
        assert_eq!(named_class(&tables, 7), "\"Room\"");
        assert_eq!(named_class(&tables, 9), "history");
    }

    #[test]
    fn types_have_names_and_numbers() {
        assert_eq!(named_type(701).as_deref(), Some("double precision"));
        assert_eq!(numbered_type("double precision"), Some(701));
        assert_eq!(numbered_type("pg_catalog.text"), Some(25));
        assert_eq!(numbered_type("hstore"), None);
    }
}
