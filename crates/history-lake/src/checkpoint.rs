//! Checkpoints: all that a version of a table amounts to, as a Parquet file of actions in the form that Delta has laid down.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use machi_archive::ArchiveError;
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::{Field, Row};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;
use serde_json::{Map, Value, json};

use crate::fault;
use crate::files::Files;
use crate::log::{Action, PROTOCOL, Remove, State, Table, Txn};

const SCHEMA: &str = "message checkpoint {
  optional group txn { optional binary appId (STRING); optional int64 version; }
  optional group add {
    optional binary path (STRING);
    optional group partitionValues (MAP) { repeated group key_value { required binary key (STRING); optional binary value (STRING); } }
    optional int64 size;
    optional int64 modificationTime;
    optional boolean dataChange;
    optional binary stats (STRING);
    optional group tags (MAP) { repeated group key_value { required binary key (STRING); optional binary value (STRING); } }
  }
  optional group remove { optional binary path (STRING); optional int64 deletionTimestamp; optional boolean dataChange; }
  optional group metaData {
    optional binary id (STRING);
    optional group format {
      optional binary provider (STRING);
      optional group options (MAP) { repeated group key_value { required binary key (STRING); optional binary value (STRING); } }
    }
    optional binary schemaString (STRING);
    optional group partitionColumns (LIST) { repeated group list { optional binary element (STRING); } }
    optional group configuration (MAP) { repeated group key_value { required binary key (STRING); optional binary value (STRING); } }
    optional int64 createdTime;
  }
  optional group protocol { optional int32 minReaderVersion; optional int32 minWriterVersion; }
}";

static PARSED: LazyLock<TypePtr> =
    LazyLock::new(|| Arc::new(parse_message_type(SCHEMA).expect("the schema above is one")));

/// Writes the checkpoint of a state; says of how many actions.
pub(crate) fn write(files: &dyn Files, table: &Table, state: &State, version: u64) -> Result<usize, ArchiveError> {
    let actions = actions(table, state);
    let name = table.checkpoint(version);
    let failed = |error: ParquetError| fault::writing(&files.place(&name), &error);
    let content = encode(&actions).map_err(failed)?;
    files.put(&name, &content).map_err(|error| fault::writing(&files.place(&name), &error))?;
    Ok(actions.len())
}

fn actions(table: &Table, state: &State) -> Vec<Value> {
    let one = |action: Action| serde_json::to_value(action).unwrap_or_default();
    let mut actions = vec![
        one(Action { protocol: Some(PROTOCOL), ..Action::default() }),
        one(Action { meta_data: Some(table.meta_data(state.id.clone())), ..Action::default() }),
    ];
    let txns = state.txns.iter().map(|(app, version)| Txn { app_id: app.clone(), version: *version });
    actions.extend(txns.map(|txn| one(Action { txn: Some(txn), ..Action::default() })));
    let gone = state.removed.iter().map(|(path, since)| Remove {
        path: path.to_string(),
        deletion_timestamp: *since,
        data_change: false,
    });
    actions.extend(gone.map(|remove| one(Action { remove: Some(remove), ..Action::default() })));
    for (path, entry) in &state.files {
        let mut add = entry.to_add(path, table.shape);
        add.data_change = false;
        actions.push(one(Action { add: Some(add), ..Action::default() }));
    }
    actions
}

fn encode(actions: &[Value]) -> Result<Vec<u8>, ParquetError> {
    let zstd = Compression::ZSTD(ZstdLevel::try_new(3)?);
    let properties = Arc::new(WriterProperties::builder().set_compression(zstd).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::clone(&PARSED), properties)?;
    let columns: Vec<Vec<String>> =
        writer.schema_descr().columns().iter().map(|column| column.path().parts().to_vec()).collect();
    let mut group = writer.next_row_group()?;
    for path in &columns {
        let Some(mut column) = group.next_column()? else { break };
        write_column(column.untyped(), path, actions)?;
        column.close()?;
    }
    group.close()?;
    writer.into_inner()
}

/// The values of one column with their levels.
#[derive(Default)]
struct Levels {
    values: Vec<Value>,
    depths: Vec<i16>,
    repeats: Vec<i16>,
}

fn write_column(writer: &mut ColumnWriter<'_>, path: &[String], actions: &[Value]) -> Result<(), ParquetError> {
    let mut levels = Levels::default();
    actions.iter().for_each(|action| levels.descend(action, path, 0));
    let Levels { values, depths, repeats } = &levels;
    match writer {
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            let texts: Vec<ByteArray> = values.iter().map(|text| text.as_str().unwrap_or_default().into()).collect();
            let repeats = (writer.get_descriptor().max_rep_level() > 0).then_some(&repeats[..]);
            writer.write_batch(&texts, Some(depths), repeats)?;
        }
        ColumnWriter::Int64ColumnWriter(writer) => {
            let numbers: Vec<i64> = values.iter().filter_map(Value::as_i64).collect();
            writer.write_batch(&numbers, Some(depths), None)?;
        }
        ColumnWriter::Int32ColumnWriter(writer) => {
            let numbers: Vec<i32> = values.iter().filter_map(|number| number.as_i64()?.try_into().ok()).collect();
            writer.write_batch(&numbers, Some(depths), None)?;
        }
        ColumnWriter::BoolColumnWriter(writer) => {
            let flags: Vec<bool> = values.iter().filter_map(Value::as_bool).collect();
            writer.write_batch(&flags, Some(depths), None)?;
        }
        _ => {}
    }
    Ok(())
}

impl Levels {
    fn push(&mut self, value: Option<Value>, depth: i16, repeat: i16) {
        self.values.extend(value);
        self.depths.push(depth);
        self.repeats.push(repeat);
    }

    /// Goes down a path of members; `depth` counts those that were there.
    fn descend(&mut self, json: &Value, path: &[String], depth: i16) {
        let Some((name, rest)) = path.split_first() else { return self.push(Some(json.clone()), depth, 0) };
        match (name.as_str(), json) {
            ("key_value", Value::Object(members)) => self.map(members, rest, depth),
            ("list", Value::Array(items)) => self.list(items, depth),
            _ => match json.get(name) {
                Some(member) => self.descend(member, rest, depth + 1),
                None => self.push(None, depth, 0),
            },
        }
    }

    fn map(&mut self, members: &Map<String, Value>, rest: &[String], depth: i16) {
        if members.is_empty() {
            self.push(None, depth, 0);
        }
        let is_key = rest.first().is_some_and(|part| part == "key");
        for (place, (key, value)) in members.iter().enumerate() {
            let repeat = i16::from(place > 0);
            // A key is always there, a value might not be.
            let (told, depth) = if is_key { (json!(key), depth + 1) } else { (value.clone(), depth + 2) };
            self.push(Some(told), depth, repeat);
        }
    }

    fn list(&mut self, items: &[Value], depth: i16) {
        if items.is_empty() {
            self.push(None, depth, 0);
        }
        for (place, item) in items.iter().enumerate() {
            self.push(Some(item.clone()), depth + 2, i16::from(place > 0));
        }
    }
}

/// The state that a checkpoint stands for.
pub(crate) fn read(files: &dyn Files, table: &Table, version: u64) -> Result<State, ArchiveError> {
    let name = table.checkpoint(version);
    let place = files.place(&name);
    let content = files.read(&name).map_err(|error| fault::reading(&place, &error))?;
    decode(content).map(|state| State { next: version + 1, ..state }).map_err(|reason| fault::damaged(&place, &reason))
}

fn decode(content: Bytes) -> Result<State, String> {
    let told = |error: ParquetError| error.to_string();
    let reader = SerializedFileReader::new(content).map_err(told)?;
    let mut state = State::default();
    for row in reader.get_row_iter(None).map_err(told)? {
        let action = json_of_row(&row.map_err(told)?);
        let action = serde_json::from_value(action).map_err(|error| error.to_string())?;
        state.apply(action)?;
    }
    Ok(state)
}

fn json_of_row(row: &Row) -> Value {
    let there = row.get_column_iter().filter(|(_, field)| !matches!(field, Field::Null));
    Value::Object(there.map(|(name, field)| (name.clone(), json_of(field))).collect())
}

fn json_of(field: &Field) -> Value {
    match field {
        Field::Str(text) => json!(text),
        Field::Long(number) => json!(number),
        Field::Int(number) => json!(number),
        Field::Bool(flag) => json!(flag),
        Field::Group(row) => json_of_row(row),
        Field::ListInternal(list) => list.elements().iter().map(json_of).collect(),
        Field::MapInternal(map) => {
            let members: BTreeMap<String, Value> = map
                .entries()
                .iter()
                .filter_map(|(key, value)| Some((json_of(key).as_str()?.to_owned(), json_of(value))))
                .collect();
            json!(members)
        }
        _ => Value::Null,
    }
}
