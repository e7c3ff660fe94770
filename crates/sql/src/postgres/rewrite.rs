//! Ways of writing that PostgreSQL knows and the engine does not, put into the engine's own.
//!
//! Most of what clients ask `pg_catalog` for concerns what a city does not have: indexes, triggers, policies. Such
//! queries are long and use all of PostgreSQL's SQL; nothing comes of them, whatever they say, because a relation that
//! they read is empty. They are replaced by what they come to.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments,
    GroupByExpr, Ident, JoinOperator, ObjectName, ObjectNamePart, Query, Select, SelectItem, SetExpr, TableFactor,
    TableWithJoins, Value, VisitMut, VisitorMut, visit_expressions,
};
use datafusion::sql::sqlparser::ast::{CastKind, ExactNumberInfo};

use super::Client;
use super::functions::{CLASS_NAME, NAMESPACE_NAME, TO_CLASS, TO_NAMESPACE, TO_TYPE, TYPE_NAME};
use super::relations::{PG_CATALOG, is_empty, is_relation};
use crate::catalog::SCHEMA;

/// Functions that make one row of none.
const AGGREGATES: [&str; 12] = [
    "array_agg",
    "avg",
    "bool_and",
    "bool_or",
    "count",
    "every",
    "json_agg",
    "jsonb_agg",
    "max",
    "min",
    "string_agg",
    "sum",
];

/// The name of a column that has none of its own.
const NAMELESS: &str = "?column?";

/// Puts a statement into the engine's own words.
pub(crate) fn rewrite(statement: &mut Statement, client: &Client) {
    let mut rewriting = Rewriting { client };
    match statement {
        Statement::Statement(statement) => drop(VisitMut::visit(&mut **statement, &mut rewriting)),
        Statement::Explain(explain) => rewrite(&mut explain.statement, client),
        _ => {}
    }
}

struct Rewriting<'c> {
    client: &'c Client,
}

impl VisitorMut for Rewriting<'_> {
    type Break = ();

    fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<()> {
        let parts: Vec<&str> = name.0.iter().filter_map(ObjectNamePart::as_ident).map(|part| &*part.value).collect();
        if let [database, _, _] = parts[..]
            && database == self.client.database
        {
            name.0.remove(0);
        } else if let [relation] = parts[..]
            && is_relation(relation)
        {
            name.0.insert(0, ObjectNamePart::Identifier(Ident::new(PG_CATALOG)));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        if comes_to_nothing(select) {
            empty(select);
        } else {
            name_columns(&mut select.projection);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if is_nothing(&query.body) {
            // There is nothing to be put in an order, nor any column by which.
            query.order_by = None;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Some(other) = translated(expr) {
            *expr = other;
        }
        ControlFlow::Continue(())
    }
}

/// What stands for an expression that the engine does not know; none where it does.
fn translated(expr: &mut Expr) -> Option<Expr> {
    match expr {
        Expr::Collate { expr, .. } => Some(taken(expr)),
        Expr::BinaryOp { op: op @ BinaryOperator::PGCustomBinaryOperator(_), .. } => {
            *op = operator(op)?;
            None
        }
        Expr::Function(function) => {
            let is_ours = function.name.0.len() == 2 && is_ident(&function.name.0[0], PG_CATALOG);
            if is_ours {
                function.name.0.remove(0);
            }
            // `ARRAY(SELECT …)`: the engine has no lists, and of what there is here none would come.
            matches!(&function.args, FunctionArguments::Subquery(query) if reads_catalog(&query.body)).then(null)
        }
        Expr::Subquery(query) if is_nothing(&query.body) => Some(null()),
        Expr::Subquery(query) => {
            one_value(&mut query.body);
            None
        }
        Expr::Exists { subquery, negated } if is_nothing(&subquery.body) => Some(flag(*negated)),
        Expr::InSubquery { subquery, negated, .. } if is_nothing(&subquery.body) => Some(flag(*negated)),
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => listed(left, right, false),
        Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right } => listed(left, right, true),
        Expr::Cast { expr, data_type, .. } => recast(expr, data_type),
        Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
            let escape = escape_char.take()?;
            match &escape.value {
                Value::SingleQuotedString(text) if text != "\\" && !text.is_empty() => {
                    **pattern = escaped(taken(pattern), text);
                }
                _ => {}
            }
            None
        }
        _ => None,
    }
}

/// The engine takes a value from a relation where it knows that there is one; of the rows of `pg_catalog` there is.
fn one_value(body: &mut SetExpr) {
    if !reads_catalog(body) {
        return;
    }
    let SetExpr::Select(select) = body else { return };
    let is_plain = matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty()) && !sums_up(select);
    if let ([SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }], true) =
        (&mut select.projection[..], is_plain)
    {
        *expr = call("max", vec![taken(expr)]);
    }
}

/// Whether nothing but `pg_catalog` is read.
fn reads_catalog(body: &SetExpr) -> bool {
    let is_of_catalog = |factor: &TableFactor| match factor {
        TableFactor::Table { name, .. } => name.0.len() == 2 && is_ident(&name.0[0], PG_CATALOG),
        TableFactor::Derived { subquery, .. } => reads_catalog(&subquery.body),
        _ => false,
    };
    match body {
        SetExpr::Select(select) => select
            .from
            .iter()
            .all(|from| is_of_catalog(&from.relation) && from.joins.iter().all(|join| is_of_catalog(&join.relation))),
        SetExpr::Query(query) => reads_catalog(&query.body),
        SetExpr::SetOperation { left, right, .. } => reads_catalog(left) && reads_catalog(right),
        _ => false,
    }
}

/// A pattern with an escape of its own, with the one that the engine knows.
fn escaped(pattern: Expr, escape: &str) -> Expr {
    let replace = |expr: Expr, from: &str, to: &str| call("replace", vec![expr, text(from), text(to)]);
    // What stands twice stands for itself; a sign that nobody writes holds its place.
    let marked = replace(replace(pattern, "\\", "\\\\"), &escape.repeat(2), "\u{1}");
    replace(replace(marked, escape, "\\"), "\u{1}", escape)
}

fn taken(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, flag(false))
}

fn flag(flag: bool) -> Expr {
    Expr::Value(Value::Boolean(flag).into())
}

/// No text.
fn null() -> Expr {
    let expr = Box::new(Expr::Value(Value::Null.into()));
    Expr::Cast { kind: CastKind::DoubleColon, expr, data_type: DataType::Text, array: false, format: None }
}

fn is_ident(part: &ObjectNamePart, name: &str) -> bool {
    part.as_ident().is_some_and(|ident| ident.value == name)
}

/// `OPERATOR(pg_catalog.~)` and the like.
fn operator(custom: &BinaryOperator) -> Option<BinaryOperator> {
    let BinaryOperator::PGCustomBinaryOperator(words) = custom else { return None };
    Some(match &**words.last()? {
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "~~*" => BinaryOperator::PGILikeMatch,
        "!~~" => BinaryOperator::PGNotLikeMatch,
        "!~~*" => BinaryOperator::PGNotILikeMatch,
        "=" => BinaryOperator::Eq,
        "<>" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        "<=" => BinaryOperator::LtEq,
        ">" => BinaryOperator::Gt,
        ">=" => BinaryOperator::GtEq,
        "+" => BinaryOperator::Plus,
        "||" => BinaryOperator::StringConcat,
        _ => return None,
    })
}

/// `= ANY (ARRAY[…])` as a list.
fn listed(left: &mut Expr, right: &mut Expr, negated: bool) -> Option<Expr> {
    let list = match innermost(right) {
        Expr::Array(array) => array.elem.clone(),
        Expr::Function(function) if is_ident(function.name.0.last()?, "current_schemas") => {
            [SCHEMA, PG_CATALOG].map(text).to_vec()
        }
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(listed) => {
                let listed = listed.strip_prefix('{')?.strip_suffix('}')?;
                listed.split(',').map(|word| text(word.trim_matches('"'))).collect()
            }
            _ => return None,
        },
        _ => return None,
    };
    Some(match list.is_empty() {
        true => flag(negated),
        false => Expr::InList { expr: Box::new(taken(left)), list, negated },
    })
}

/// What lies within brackets and casts.
fn innermost(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(expr) | Expr::Cast { expr, .. } => innermost(expr),
        expr => expr,
    }
}

fn text(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).into())
}

/// A cast to a type that only PostgreSQL has.
fn recast(expr: &mut Expr, data_type: &mut DataType) -> Option<Expr> {
    let name = match data_type {
        DataType::Regclass => "regclass".to_owned(),
        DataType::Custom(name, _) => name.0.last()?.as_ident()?.value.to_ascii_lowercase(),
        _ => return None,
    };
    let is_text = matches!(expr, Expr::Value(_));
    let (to_number, to_name) = match &*name {
        "regclass" => (TO_CLASS, CLASS_NAME),
        "regtype" => (TO_TYPE, TYPE_NAME),
        "regnamespace" => (TO_NAMESPACE, NAMESPACE_NAME),
        _ => {
            *data_type = plain(&name)?;
            return None;
        }
    };
    Some(call(if is_text { to_number } else { to_name }, vec![taken(expr)]))
}

/// The type of the engine for one of PostgreSQL's by its name.
fn plain(name: &str) -> Option<DataType> {
    Some(match name {
        "oid" | "xid" | "int8" | "bigint" | "regproc" | "regrole" => DataType::BigInt(None),
        "int2" | "smallint" => DataType::SmallInt(None),
        "int4" | "int" | "integer" => DataType::Integer(None),
        "float4" | "real" => DataType::Real,
        "float8" => DataType::DoublePrecision,
        "bool" | "boolean" => DataType::Boolean,
        "numeric" => DataType::Numeric(ExactNumberInfo::None),
        "name" | "text" | "char" | "varchar" | "bpchar" | "json" | "jsonb" | "uuid" | "citext" => DataType::Text,
        _ => return None,
    })
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))).collect();
    let list = FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() };
    Expr::Function(Function {
        name: ObjectName::from(vec![Ident::new(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(list),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// Whether no row can come of it, because something that it needs is always empty.
fn comes_to_nothing(select: &Select) -> bool {
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(by, _) if by.is_empty());
    let is_told = select
        .projection
        .iter()
        .all(|item| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. }));
    is_told && select.from.iter().any(needs_nothing) && (is_grouped || !sums_up(select))
}

fn needs_nothing(from: &TableWithJoins) -> bool {
    let is_inner = |operator: &JoinOperator| {
        matches!(operator, JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_))
    };
    let is_plain = from.joins.iter().all(|join| {
        let operator = &join.join_operator;
        is_inner(operator) || matches!(operator, JoinOperator::Left(_) | JoinOperator::LeftOuter(_))
    });
    let inner = from.joins.iter().filter(|join| is_inner(&join.join_operator)).map(|join| &join.relation);
    is_plain && std::iter::once(&from.relation).chain(inner).any(holds_nothing)
}

fn holds_nothing(factor: &TableFactor) -> bool {
    match factor {
        TableFactor::Table { name, .. } => match &name.0[..] {
            [schema, relation] if is_ident(schema, PG_CATALOG) => {
                relation.as_ident().is_some_and(|relation| is_empty(&relation.value))
            }
            _ => false,
        },
        TableFactor::Derived { subquery, .. } => is_nothing(&subquery.body),
        TableFactor::NestedJoin { table_with_joins, .. } => needs_nothing(table_with_joins),
        _ => false,
    }
}

fn sums_up(select: &Select) -> bool {
    let found = visit_expressions(&select.projection, |expr| match expr {
        Expr::Function(Function { name, over: None, .. })
            if name
                .0
                .last()
                .and_then(ObjectNamePart::as_ident)
                .is_some_and(|name| AGGREGATES.contains(&&*name.value.to_ascii_lowercase())) =>
        {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

/// Makes it a query of the same columns that gives nothing.
fn empty(select: &mut Select) {
    name_columns(&mut select.projection);
    for item in &mut select.projection {
        match item {
            SelectItem::ExprWithAlias { expr, .. } => *expr = null(),
            SelectItem::UnnamedExpr(expr) => {
                let alias = Ident::with_quote('"', name_of(expr));
                *item = SelectItem::ExprWithAlias { expr: null(), alias };
            }
            _ => {}
        }
    }
    select.distinct = None;
    select.from = Vec::new();
    select.selection = Some(flag(false));
    select.group_by = GroupByExpr::Expressions(Vec::new(), Vec::new());
    select.having = None;
    select.sort_by = Vec::new();
}

/// Whether it was made so.
fn is_nothing(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => select.from.is_empty() && select.selection == Some(flag(false)),
        SetExpr::Query(query) => is_nothing(&query.body),
        SetExpr::SetOperation { left, right, .. } => is_nothing(left) && is_nothing(right),
        _ => false,
    }
}

/// Gives columns the names that PostgreSQL gives them, each once.
fn name_columns(items: &mut [SelectItem]) {
    let mut taken: Vec<String> = Vec::new();
    for item in items {
        match item {
            SelectItem::ExprWithAlias { alias, .. } => taken.push(alias.value.clone()),
            SelectItem::UnnamedExpr(expr) => {
                let name = name_of(expr);
                let twins = taken.iter().filter(|other| **other == name).count();
                taken.push(name.clone());
                let is_named = matches!(expr, Expr::CompoundIdentifier(_)) || matches!(expr, Expr::Identifier(_));
                if !is_named || (twins > 0 && matches!(expr, Expr::Identifier(_))) {
                    let name = if twins == 0 { name } else { format!("{name}_{}", twins + 1) };
                    let expr = self::taken(expr);
                    *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', name) };
                }
            }
            _ => {}
        }
    }
}

/// How PostgreSQL names a column of this expression.
fn name_of(expr: &Expr) -> String {
    let named = |name: &str| name.to_owned();
    match expr {
        Expr::Identifier(name) => name.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.last().map_or_else(|| named(NAMELESS), |name| name.value.clone()),
        Expr::Function(function) => {
            let last = function.name.0.last().and_then(ObjectNamePart::as_ident);
            last.map_or_else(|| named(NAMELESS), |name| name.value.to_ascii_lowercase())
        }
        Expr::Nested(expr) => name_of(expr),
        Expr::Cast { expr, data_type, .. } => match name_of(expr) {
            name if name == NAMELESS => data_type.to_string().to_ascii_lowercase(),
            name => name,
        },
        Expr::Case { .. } => named("case"),
        Expr::Exists { .. } => named("exists"),
        Expr::Extract { .. } => named("extract"),
        Expr::Substring { .. } => named("substring"),
        Expr::Position { .. } => named("position"),
        Expr::Ceil { .. } => named("ceil"),
        Expr::Floor { .. } => named("floor"),
        Expr::Trim { .. } => named("btrim"),
        Expr::AtTimeZone { .. } => named("timezone"),
        Expr::Interval(_) => named("interval"),
        Expr::Subquery(query) => match &*query.body {
            SetExpr::Select(select) => match select.projection.first() {
                Some(SelectItem::UnnamedExpr(expr)) => name_of(expr),
                Some(SelectItem::ExprWithAlias { alias, .. }) => alias.value.clone(),
                _ => named(NAMELESS),
            },
            _ => named(NAMELESS),
        },
        Expr::Value(value) if matches!(value.value, Value::Boolean(_)) => named("bool"),
        _ => named(NAMELESS),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::parser::DFParser;
    use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let client = Client { database: "machi".to_owned(), user: "me".to_owned(), connection: 1 };
        let parsed = DFParser::parse_sql_with_dialect(text, &PostgreSqlDialect {});
        let mut statement = parsed.expect(text).pop_front().expect("a statement");
        rewrite(&mut statement, &client);
        assert_eq!(statement.to_string(), expected);
    }

    #[test]
    fn what_only_postgresql_writes_is_put_in_other_words() {
        for (text, expected) in [
            (
                "SELECT oid FROM pg_class WHERE relname OPERATOR(pg_catalog.~) '^(a)$' COLLATE pg_catalog.default",
                "SELECT oid FROM pg_catalog.pg_class WHERE relname ~ '^(a)$'",
            ),
            ("SELECT a FROM machi.public.t", "SELECT a FROM public.t"),
            ("SELECT a FROM t WHERE k = ANY (ARRAY['r', 'v'])", "SELECT a FROM t WHERE k IN ('r', 'v')"),
            ("SELECT a FROM t WHERE k <> ALL ('{a,b}')", "SELECT a FROM t WHERE k NOT IN ('a', 'b')"),
            (
                "SELECT a FROM t WHERE n = ANY (current_schemas(true))",
                "SELECT a FROM t WHERE n IN ('public', 'pg_catalog')",
            ),
            (
                "SELECT a FROM t WHERE n LIKE 'pg/_%' ESCAPE '/'",
                "SELECT a FROM t WHERE n LIKE replace(replace(replace(replace('pg/_%', '\\', '\\\\'), '//', '\u{1}'), '/', \
                 '\\'), '\u{1}', '/')",
            ),
            (
                "SELECT (SELECT t.typname FROM pg_type t WHERE t.oid = a.atttypid) FROM pg_attribute a",
                "SELECT (SELECT max(t.typname) FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid) AS \"max\" FROM \
                 pg_catalog.pg_attribute a",
            ),
            ("SELECT pg_catalog.version()", "SELECT version() AS \"version\""),
            (
                "SELECT oid::pg_catalog.regtype::pg_catalog.text AS t FROM x",
                "SELECT machi_regtype(oid)::TEXT AS t FROM x",
            ),
            ("SELECT a FROM t WHERE o = '\"Room\"'::regclass", "SELECT a FROM t WHERE o = to_regclass('\"Room\"')"),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn what_reads_an_empty_relation_is_empty() {
        for (text, expected) in [
            (
                "SELECT p.polname, p.polroles = '{0}' FROM pg_catalog.pg_policy p WHERE p.polrelid = '1' ORDER BY 1",
                "SELECT NULL::TEXT AS \"polname\", NULL::TEXT AS \"?column?\" WHERE false",
            ),
            (
                "SELECT c.oid FROM pg_class c, pg_inherits i WHERE c.oid = i.inhparent ORDER BY inhseqno",
                "SELECT NULL::TEXT AS \"oid\" WHERE false",
            ),
            (
                "SELECT a.attname, (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d WHERE d.adnum = a.attnum) \
                 AS default FROM pg_attribute a",
                "SELECT a.attname, NULL::TEXT AS default FROM pg_catalog.pg_attribute a",
            ),
            (
                "SELECT t.oid FROM pg_type t LEFT JOIN (SELECT enumtypid, array_agg(enumlabel) AS labels FROM pg_enum \
                 GROUP BY enumtypid) e ON e.enumtypid = t.oid",
                "SELECT t.oid FROM pg_catalog.pg_type t LEFT JOIN (SELECT NULL::TEXT AS \"enumtypid\", NULL::TEXT AS \
                 labels WHERE false) e ON e.enumtypid = t.oid",
            ),
            // One row comes of none where they are counted, and where what is empty need not be there.
            ("SELECT count(*) FROM pg_trigger", "SELECT count(*) AS \"count\" FROM pg_catalog.pg_trigger"),
            (
                "SELECT c.oid FROM pg_class c LEFT JOIN pg_am a ON a.oid = c.relam",
                "SELECT c.oid FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam",
            ),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn columns_have_the_names_that_postgresql_gives_them() {
        for (text, expected) in [
            ("SELECT count(*), count(a), a FROM t", "SELECT count(*) AS \"count\", count(a) AS \"count_2\", a FROM t"),
            ("SELECT 1, 2", "SELECT 1 AS \"?column?\", 2 AS \"?column?_2\""),
            ("SELECT a::TEXT, '1'::TEXT FROM t", "SELECT a::TEXT AS \"a\", '1'::TEXT AS \"text\" FROM t"),
            ("SELECT * FROM t", "SELECT * FROM t"),
        ] {
            check(text, expected);
        }
    }
}
