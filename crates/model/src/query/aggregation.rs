//! What is made of the instances of a period: `aggrMethods` (§4.5.19.1).

use std::fmt;

use machi_types::Phrase;

use super::QueryError;

/// A method of aggregation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregationMethod {
    /// How many instances there are.
    TotalCount,
    /// How many different values they have.
    DistinctCount,
    /// The sum of their values.
    Sum,
    /// Their mean.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// How much they differ: the standard deviation of a sample.
    Stddev,
    /// The sum of their squares.
    Sumsq,
}

impl AggregationMethod {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::TotalCount, Self::DistinctCount, Self::Sum, Self::Avg, Self::Min, Self::Max, Self::Stddev, Self::Sumsq];

    /// Its name, which is the member that it has in an answer, too.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TotalCount => "totalCount",
            Self::DistinctCount => "distinctCount",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::Stddev => "stddev",
            Self::Sumsq => "sumsq",
        }
    }

    /// Reads names between commas; one that comes twice counts once.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, QueryError> {
        Self::parse_items(text.split(','))
    }

    /// Reads a list of names; one that comes twice counts once.
    pub fn parse_items<'t>(items: impl IntoIterator<Item = &'t str>) -> Result<Vec<Self>, QueryError> {
        let mut methods = Vec::new();
        for item in items {
            let name = item.trim();
            let method = Self::ALL.into_iter().find(|method| method.as_str() == name);
            let method = method.ok_or_else(|| no_method(name))?;
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        Ok(methods)
    }
}

fn no_method(found: &str) -> QueryError {
    let quoted: String = found.chars().take(40).collect();
    let expected = Phrase::from((
        "totalCount, distinctCount, sum, avg, min, max, stddev or sumsq",
        "totalCount、distinctCount、sum、avg、min、max、stddev、sumsqのいずれか",
    ));
    QueryError::Unexpected {
        language: "aggrMethods",
        position: 1,
        expected: expected.into(),
        found: format!("\"{quoted}\""),
    }
}

impl fmt::Display for AggregationMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
