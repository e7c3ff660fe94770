//! Rows for one statement, column by column: PostgreSQL takes each as one array.

use tokio_postgres::types::Type;

/// What a column holds, and what PostgreSQL calls an array of it.
pub(super) trait Column {
    const ARRAY: Type;
}

impl Column for i16 {
    const ARRAY: Type = Type::INT2_ARRAY;
}

impl Column for i32 {
    const ARRAY: Type = Type::INT4_ARRAY;
}

impl Column for i64 {
    const ARRAY: Type = Type::INT8_ARRAY;
}

impl Column for f64 {
    const ARRAY: Type = Type::FLOAT8_ARRAY;
}

impl Column for &[u8] {
    const ARRAY: Type = Type::BYTEA_ARRAY;
}

impl Column for Vec<u8> {
    const ARRAY: Type = Type::BYTEA_ARRAY;
}

impl Column for String {
    const ARRAY: Type = Type::TEXT_ARRAY;
}

impl<T: Column> Column for Option<T> {
    const ARRAY: Type = T::ARRAY;
}

/// Names the columns of a statement in the order of its parameters.
macro_rules! columns {
    ($(#[$about:meta])* $name:ident $(<$life:lifetime>)? { $first:ident: $of_first:ty, $($column:ident: $of:ty,)* }) => {
        $(#[$about])*
        #[derive(Default)]
        struct $name $(<$life>)? {
            $first: Vec<$of_first>,
            $($column: Vec<$of>,)*
        }

        impl $(<$life>)? $name $(<$life>)? {
            /// Adds a row.
            fn push(&mut self, ($first, $($column,)*): ($of_first, $($of,)*)) {
                self.$first.push($first);
                $(self.$column.push($column);)*
            }

            /// Runs the statement on all rows, behind parameters of its own; not where there are none.
            async fn send(
                &self,
                client: &tokio_postgres::Client,
                sql: &str,
                own: &[(&(dyn tokio_postgres::types::ToSql + Sync), tokio_postgres::types::Type)],
            ) -> Result<(), tokio_postgres::Error> {
                use crate::committer::columns::Column;
                if self.$first.is_empty() {
                    return Ok(());
                }
                let mut parameters = own.to_vec();
                parameters.push((&self.$first, <$of_first as Column>::ARRAY));
                $(parameters.push((&self.$column, <$of as Column>::ARRAY));)*
                client.execute_typed(sql, &parameters).await.map(drop)
            }
        }
    };
}
pub(super) use columns;
