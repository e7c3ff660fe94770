//! One query from its text to its rows: planned, found to read alone, and run within its limits.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::{CatalogProviderList, MemoryCatalogProviderList};
use datafusion::common::config::{ConfigOptions, Dialect};
use datafusion::common::{DataFusionError, ParamValues, ScalarValue};
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::execution::{SendableRecordBatchStream, SessionStateDefaults};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::catalog::{CATALOG, Catalog, SCHEMA, Tables};
use crate::column::UTC;
use crate::config::Config;
use crate::ending::{EndingJoins, Gone};
use crate::postgres::{Client, Relations, functions, rewrite};
use crate::{Fault, SqlError};

/// Functions that make texts of any length out of short ones, outside of what a query's memory is counted by.
const BOUNDLESS: [&str; 3] = ["lpad", "repeat", "rpad"];

/// The most words and signs of a query, values and commas between them not counted. An expression may be as deep as it
/// has signs, and the engine goes down into it.
const MOST_WORDS: usize = 2000;

/// The most parameters of a query.
const MOST_PARAMETERS: usize = MOST_WORDS;

/// Everything a query is planned and run with.
pub(crate) struct Session {
    state: SessionState,
    memory: usize,
    /// Who asks, where it is a client of PostgreSQL.
    client: Option<Arc<Client>>,
}

impl Session {
    pub(crate) fn new(
        tables: Arc<Tables>,
        client: Option<Arc<Client>>,
        config: &Config,
        gone: Gone,
    ) -> Result<Self, SqlError> {
        let memory = config.memory;
        let told = |error: DataFusionError| SqlError::of_engine(&error, memory);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory)))
            .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
            .build_arc()
            .map_err(told)?;
        let catalogs = MemoryCatalogProviderList::new();
        let relations = client.as_ref().map(|client| Arc::new(Relations::new(Arc::clone(&tables), Arc::clone(client))));
        let of_clients = relations.as_ref().map_or_else(Vec::new, functions);
        catalogs.register_catalog(CATALOG.to_owned(), Arc::new(Catalog { tables, relations }));
        let functions = SessionStateDefaults::default_scalar_functions().into_iter();
        let bounded = functions.filter(|function| !BOUNDLESS.contains(&function.name())).chain(of_clients).collect();
        let tables = SessionStateDefaults::default_table_functions();
        // Neither formats of files nor makers of tables from files: what is not there cannot be reached.
        let state = SessionStateBuilder::new()
            .with_config(settings(config, client.is_some()))
            .with_runtime_env(runtime)
            .with_catalog_list(Arc::new(catalogs))
            .with_expr_planners(SessionStateDefaults::default_expr_planners())
            .with_scalar_functions(bounded)
            .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
            .with_window_functions(SessionStateDefaults::default_window_functions())
            .with_table_function_list(tables)
            .with_physical_optimizer_rule(Arc::new(EndingJoins(gone)))
            .build();
        Ok(Self { state, memory, client })
    }

    /// The plan of a query, its parameters still open; everything else is refused, and nothing of it done.
    pub(crate) async fn plan(&self, text: &str) -> Result<LogicalPlan, SqlError> {
        check_words(text)?;
        let told = |error: DataFusionError| self.told(&error);
        let mut statement = self.state.sql_to_statement(text, &Dialect::PostgreSQL).map_err(told)?;
        if !matches!(statement, Statement::Statement(_) | Statement::Explain(_)) {
            return Err(SqlError::no_query(text.split_whitespace().next().unwrap_or_default()));
        }
        if let Some(client) = &self.client {
            rewrite(&mut statement, client);
        }
        let plan = self.state.statement_to_plan(statement).await.map_err(told)?;
        let reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        reading.verify_plan(&plan).map_err(|error| SqlError::no_query(&error.strip_backtrace()))?;
        Ok(plan)
    }

    /// The types of the parameters `$1`, `$2` and so on, where the plan tells them.
    pub(crate) fn parameters(&self, plan: &LogicalPlan) -> Result<Vec<Option<DataType>>, SqlError> {
        let told = plan.get_parameter_types().map_err(|error| self.told(&error))?;
        let mut types = Vec::new();
        for (name, of) in told {
            let place = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok()).unwrap_or_default();
            if !(1..=MOST_PARAMETERS).contains(&place) {
                return Err(SqlError::refused(
                    Fault::Syntax,
                    format!("parameters are $1 to ${MOST_PARAMETERS}; {name} is none of them"),
                    format!("パラメーターは$1から${MOST_PARAMETERS}までです。{name}は使えません"),
                ));
            }
            if types.len() < place {
                types.resize(place, None);
            }
            types[place - 1] = of;
        }
        Ok(types)
    }

    /// The plan with what its parameters stand for.
    pub(crate) fn filled(&self, plan: LogicalPlan, parameters: Vec<ScalarValue>) -> Result<LogicalPlan, SqlError> {
        plan.with_param_values(ParamValues::from(parameters)).map_err(|error| self.told(&error))
    }

    /// Begins to run a plan.
    pub(crate) async fn run(&self, plan: &LogicalPlan) -> Result<SendableRecordBatchStream, SqlError> {
        let physical = self.state.create_physical_plan(plan).await.map_err(|error| self.told(&error))?;
        execute_stream(physical, self.state.task_ctx()).map_err(|error| self.told(&error))
    }

    /// What the engine says, in our words.
    pub(crate) fn told(&self, error: &DataFusionError) -> SqlError {
        SqlError::of_engine(error, self.memory)
    }
}

fn settings(config: &Config, is_of_postgresql: bool) -> SessionConfig {
    let mut settings = SessionConfig::new()
        .with_target_partitions(config.threads)
        .with_information_schema(true)
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOG, SCHEMA);
    let options: &mut ConfigOptions = settings.options_mut();
    // The names of attributes are those of NGSI-LD, in which capitals count.
    options.sql_parser.enable_ident_normalization = false;
    options.sql_parser.dialect = Dialect::PostgreSQL;
    if is_of_postgresql {
        // There, a time has a zone where its type says so.
        options.execution.time_zone = Some(UTC.to_owned());
    }
    // What clients know everywhere.
    options.optimizer.expand_views_at_output = true;
    settings
}

/// Refuses what is too deep to be planned, before it is read.
fn check_words(text: &str) -> Result<(), SqlError> {
    // What is not even made of words is told by who reads it.
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize().unwrap_or_default();
    let is_value = |token: &Token| {
        matches!(token, Token::Whitespace(_) | Token::Comma | Token::Number(..) | Token::SingleQuotedString(_))
    };
    match tokens.iter().filter(|token| !is_value(token)).count() > MOST_WORDS {
        true => Err(SqlError::refused(
            Fault::Length,
            format!(
                "the query has more than {MOST_WORDS} words and signs beside values; shorter ones, one after the other, tell the same"
            ),
            format!("クエリの語と記号が、値を除いて{MOST_WORDS}個を超えています。複数の短いクエリに分けてください"),
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_values_are_taken_and_deep_expressions_are_not() {
        let list = format!("SELECT * FROM t WHERE a IN ({})", vec!["'x'"; 5000].join(", "));
        assert!(check_words(&list).is_ok());
        assert!(check_words(&format!("SELECT {}", vec!["1"; 1000].join("+"))).is_ok());
        assert!(check_words(&format!("SELECT {}", vec!["1"; 3000].join("+"))).is_err());
    }
}
