//! The types of PostgreSQL, by the numbers under which clients know them, and which one a column of ours has.

use datafusion::arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};

use crate::column::Holds;

/// Marks a column of numbers as one of object ids.
pub(crate) const OID: &str = "oid";

/// A type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Bytea,
    Char,
    Name,
    Int8,
    Int2,
    Int4,
    Text,
    Oid,
    Json,
    Float4,
    Float8,
    Unknown,
    Bpchar,
    Varchar,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Interval,
    Numeric,
    Uuid,
    Jsonb,
}

/// What `pg_type` says of a type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    pub(crate) of: Type,
    pub(crate) oid: u32,
    pub(crate) name: &'static str,
    /// As SQL writes it.
    pub(crate) sql: &'static str,
    /// How many bytes a value has; -1 where that differs.
    pub(crate) length: i16,
    pub(crate) category: &'static str,
}

const fn about(
    of: Type,
    oid: u32,
    name: &'static str,
    sql: &'static str,
    length: i16,
    category: &'static str,
) -> About {
    About { of, oid, name, sql, length, category }
}

/// All of them, in the order of their declaration.
pub(crate) const TYPES: [About; 23] = [
    about(Type::Bool, 16, "bool", "boolean", 1, "B"),
    about(Type::Bytea, 17, "bytea", "bytea", -1, "U"),
    about(Type::Char, 18, "char", "\"char\"", 1, "Z"),
    about(Type::Name, 19, "name", "name", 64, "S"),
    about(Type::Int8, 20, "int8", "bigint", 8, "N"),
    about(Type::Int2, 21, "int2", "smallint", 2, "N"),
    about(Type::Int4, 23, "int4", "integer", 4, "N"),
    about(Type::Text, 25, "text", "text", -1, "S"),
    about(Type::Oid, 26, "oid", "oid", 4, "N"),
    about(Type::Json, 114, "json", "json", -1, "U"),
    about(Type::Float4, 700, "float4", "real", 4, "N"),
    about(Type::Float8, 701, "float8", "double precision", 8, "N"),
    about(Type::Unknown, 705, "unknown", "unknown", -2, "X"),
    about(Type::Bpchar, 1042, "bpchar", "character", -1, "S"),
    about(Type::Varchar, 1043, "varchar", "character varying", -1, "S"),
    about(Type::Date, 1082, "date", "date", 4, "D"),
    about(Type::Time, 1083, "time", "time without time zone", 8, "D"),
    about(Type::Timestamp, 1114, "timestamp", "timestamp without time zone", 8, "D"),
    about(Type::Timestamptz, 1184, "timestamptz", "timestamp with time zone", 8, "D"),
    about(Type::Interval, 1186, "interval", "interval", 16, "T"),
    about(Type::Numeric, 1700, "numeric", "numeric", -1, "N"),
    about(Type::Uuid, 2950, "uuid", "uuid", 16, "U"),
    about(Type::Jsonb, 3802, "jsonb", "jsonb", -1, "U"),
];

impl Type {
    pub(crate) const fn about(self) -> About {
        TYPES[self as usize]
    }

    pub(crate) const fn oid(self) -> u32 {
        self.about().oid
    }

    /// The type with this number.
    pub(crate) fn with_oid(oid: u32) -> Option<Self> {
        TYPES.iter().find(|about| about.oid == oid).map(|about| about.of)
    }

    /// The type of a column.
    pub(crate) fn of_field(field: &Field) -> Self {
        if field.metadata().contains_key(OID) { Self::Oid } else { Self::of(field.data_type()) }
    }

    /// What a value of the engine is told as: what PostgreSQL has no plain type for is text.
    pub(crate) fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Bool,
            DataType::Int8 | DataType::Int16 | DataType::UInt8 => Self::Int2,
            DataType::Int32 | DataType::UInt16 => Self::Int4,
            DataType::Int64 | DataType::UInt32 => Self::Int8,
            data_type if data_type.is_decimal() || *data_type == DataType::UInt64 => Self::Numeric,
            DataType::Float16 | DataType::Float32 => Self::Float4,
            DataType::Float64 => Self::Float8,
            DataType::Timestamp(_, None) => Self::Timestamp,
            DataType::Timestamp(_, Some(_)) => Self::Timestamptz,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Time32(_) | DataType::Time64(_) => Self::Time,
            DataType::Interval(_) | DataType::Duration(_) => Self::Interval,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Self::Bytea
            }
            DataType::Dictionary(_, of) => Self::of(of),
            _ => Self::Text,
        }
    }

    /// As which values of the engine a parameter of this type is read; none where the query has to tell.
    pub(crate) fn data_type(self) -> Option<DataType> {
        Some(match self {
            Self::Bool => DataType::Boolean,
            Self::Int2 => DataType::Int16,
            Self::Int4 => DataType::Int32,
            Self::Int8 | Self::Oid => DataType::Int64,
            Self::Float4 => DataType::Float32,
            // All numbers of the city are of this kind.
            Self::Float8 | Self::Numeric => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Timestamptz => Holds::Times.data_type(),
            Self::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            Self::Bytea => DataType::Binary,
            Self::Unknown => return None,
            _ => DataType::Utf8,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_stand_where_they_are_looked_up() {
        for (place, about) in TYPES.iter().enumerate() {
            assert_eq!(about.of as usize, place, "{about:?}");
            assert_eq!(Type::with_oid(about.oid), Some(about.of));
        }
    }
}
