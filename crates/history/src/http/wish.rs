//! What a client wants to be told of the past, as it came in the parameters of a URL or in a body (ETSI GS CIM 009
//! Table 6.18.3.2-1, §5.2.21, §5.2.44), and the question that it comes to.

use std::sync::Arc;

use machi_face::shown::{check_choice, datasets, languages, projection, refuse_entity_map};
use machi_face::wanted::{List, bad};
use machi_face::{FaceError, Negotiated};
use machi_http::request::Query;
use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_model::entity::render::Projection;
use machi_model::query::{
    AggregationMethod, Period, Projection as Members, Step, TemporalParameters, TemporalQuery, TimeProperty,
};
use machi_types::Timestamp;

use crate::domain::question::{Question, attributes_among};
use crate::domain::represent::{Aggregation, Representation, Shape};
use crate::domain::timing::{FIRST, Timing};

/// The parameters of which it is read where there is no body.
pub(super) const WISHES: [&str; 16] = [
    "attrs",
    "pick",
    "omit",
    "timerel",
    "timeAt",
    "endTimeAt",
    "timeproperty",
    "lastN",
    "format",
    "options",
    "aggrMethods",
    "aggrPeriodDuration",
    "datasetId",
    "lang",
    "entityMap",
    "entityMapLifetime",
];

/// Those that tell one question from another, beside those that every query has.
pub(super) const TELLING: [&str; 10] = [
    "pick",
    "omit",
    "timerel",
    "timeAt",
    "endTimeAt",
    "timeproperty",
    "lastN",
    "aggrMethods",
    "aggrPeriodDuration",
    "datasetId",
];

const VALUES: &str = "temporalValues";
const AGGREGATED: &str = "aggregatedValues";

/// What is wanted, as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish<'a> {
    pub(super) attrs: List<'a>,
    pub(super) pick: List<'a>,
    pub(super) omit: List<'a>,
    pub(super) lang: Option<&'a str>,
    pub(super) datasets: List<'a>,
    pub(super) time: TemporalParameters<'a>,
    pub(super) last: Option<u64>,
    pub(super) methods: List<'a>,
    pub(super) period: Option<&'a str>,
    pub(super) form: Form,
    pub(super) sys_attrs: bool,
    pub(super) audit: bool,
}

/// The representation that is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    #[default]
    Normalized,
    Values,
    Aggregated,
}

impl<'a> Wish<'a> {
    /// From the parameters of a URL.
    pub(super) fn of_query(query: &'a Query<'_>) -> Result<Self, Problem> {
        refuse_entity_map(query.flag("entityMap")?)?;
        let mut wish = Self {
            attrs: List::of(query.get("attrs")),
            pick: List::of(query.get("pick")),
            omit: List::of(query.get("omit")),
            lang: query.get("lang"),
            datasets: List::of(query.get("datasetId")),
            time: TemporalParameters {
                timerel: query.get("timerel"),
                time_at: query.get("timeAt"),
                end_time_at: query.get("endTimeAt"),
                timeproperty: query.get("timeproperty"),
            },
            last: query.number("lastN")?,
            methods: List::of(query.get("aggrMethods")),
            period: query.get("aggrPeriodDuration"),
            ..Self::default()
        };
        wish.read_format(query)?;
        Ok(wish)
    }

    /// `format` and `options`; where both name a representation, `options` being the older way, `format` decides
    /// (§6.3.12).
    pub(super) fn read_format(&mut self, query: &Query<'_>) -> Result<(), Problem> {
        let options = query.words("options", &["sysAttrs", VALUES, AGGREGATED, "audit"])?;
        let formats = query.words("format", &[VALUES, AGGREGATED])?;
        let forms = |words: &[&str]| words.iter().copied().filter(|word| [VALUES, AGGREGATED].contains(word)).count();
        if forms(&options) > 1 || formats.len() > 1 {
            return Err(FaceError::invalid(Text::both(
                "an answer has one representation: temporalValues or aggregatedValues",
                "表現形式はtemporalValuesかaggregatedValuesのいずれか1つだけを指定してください",
            ))
            .into());
        }
        let word = formats.first().or_else(|| options.iter().find(|word| [VALUES, AGGREGATED].contains(word)));
        self.form = match word {
            None => Form::Normalized,
            Some(word) if *word == VALUES => Form::Values,
            Some(_) => Form::Aggregated,
        };
        self.sys_attrs = options.contains(&"sysAttrs");
        self.audit = options.contains(&"audit");
        Ok(())
    }

    /// The interval that is asked for.
    pub(super) fn interval(&self) -> Result<Option<TemporalQuery>, FaceError> {
        Ok(TemporalQuery::parse(&self.time)?)
    }

    /// Whether anything is asked that may leave nothing of an evolution.
    pub(super) fn is_conditioned(&self) -> bool {
        let is_given = |list: &List<'_>| !matches!(list, List::Absent);
        self.time.timerel.is_some()
            || self.time.timeproperty.is_some()
            || [&self.attrs, &self.pick, &self.datasets].into_iter().any(is_given)
    }

    /// The question that it comes to.
    pub(super) fn question(
        &self,
        context: &Arc<Context>,
        negotiated: Negotiated,
        earlier: Option<Timestamp>,
    ) -> Result<Question, Problem> {
        let timing = self.timing()?;
        let last = self.last()?;
        let shape = self.shape()?;
        let (pick, omit) = (members("pick", &self.pick, context)?, members("omit", &self.omit, context)?);
        let attrs = self.attrs.histories("attrs", context)?;
        check_choice(pick.as_ref(), omit.as_ref(), &attrs)?;
        let named = pick.iter().flat_map(|pick| &pick.members).map(|member| &member.name);
        let selecting = attributes_among(attrs.iter()).or_else(|| attributes_among(named));
        let projection = match attrs.is_empty() {
            true if pick.is_none() && omit.is_none() => None,
            true => Some(Projection::of(pick.as_ref(), omit.as_ref())),
            false => Some(of_attributes(&attrs)),
        };
        let asked = self.time.timerel.is_some() || self.time.timeproperty.is_some();
        let representation = Representation {
            context: Arc::clone(context),
            context_in_body: negotiated.has_context_in_body(),
            shape,
            sys_attrs: self.sys_attrs || self.audit,
            audit: self.audit,
            languages: languages(self.lang)?,
            datasets: datasets(&self.datasets)?,
            projection,
            time_property: asked.then(|| timing.property()),
            version: negotiated.version(),
        };
        Ok(Question { timing, last, selecting, scopes: None, representation, earlier })
    }

    /// Without a temporal query all instances are shown with all of their members; other representations need a time of
    /// each.
    fn timing(&self) -> Result<Timing, FaceError> {
        if let Some(query) = self.interval()? {
            return Ok(Timing::By(query.property, Some(query.relation)));
        }
        match self.time.timeproperty {
            Some(property) => Ok(Timing::By(TimeProperty::parse(property)?, None)),
            None if self.form == Form::Normalized => Ok(Timing::Any(FIRST)),
            None => Ok(Timing::By(TimeProperty::default(), None)),
        }
    }

    fn last(&self) -> Result<Option<usize>, Problem> {
        match self.last {
            Some(0) => Err(bad(Text::both("lastN must be 1 or more", "lastNは1以上でなければなりません"))),
            last => Ok(last.map(|last| usize::try_from(last).unwrap_or(usize::MAX))),
        }
    }

    fn shape(&self) -> Result<Shape, Problem> {
        let methods = match &self.methods {
            List::Absent => None,
            List::Text(text) => Some(AggregationMethod::parse_list(text).map_err(FaceError::from)?),
            List::Items(items) => Some(AggregationMethod::parse_items(items.iter().copied()).map_err(FaceError::from)?),
        };
        let period = self.period.map(Period::parse).transpose().map_err(FaceError::from)?.unwrap_or_default();
        if self.audit && self.form != Form::Normalized {
            return Err(bad(Text::both(
                "options=audit shows whole instances; it goes with neither temporalValues nor aggregatedValues",
                "options=auditはtemporalValuesやaggregatedValuesと同時に指定できません",
            )));
        }
        match (self.form, methods) {
            (Form::Normalized, _) => Ok(Shape::Normalized),
            (Form::Values, _) => Ok(Shape::Values),
            (Form::Aggregated, Some(methods)) => Ok(Shape::Aggregated(Aggregation { methods, period })),
            (Form::Aggregated, None) => Err(bad(Text::both(
                "aggregatedValues needs aggrMethods, such as avg,max",
                "aggregatedValuesにはaggrMethods(例: avg,max)が必要です",
            ))),
        }
    }
}

/// The attributes that `attrs` names, and everything that is no attribute but the scopes.
fn of_attributes(attrs: &[Step]) -> Projection {
    let names = |step: &Step| step.attribute().cloned();
    let mut projection = Projection::attributes(attrs.iter().filter_map(names));
    let names_scope =
        attributes_among(attrs).is_some_and(|names| names.iter().any(|name| &**name == machi_archive::SCOPE));
    if !names_scope {
        projection.omit.push("scope".into());
    }
    projection
}

/// The members that `pick` or `omit` names, none of them of another entity: links are not followed into the past.
fn members(parameter: &'static str, list: &List<'_>, context: &Context) -> Result<Option<Members<Step>>, Problem> {
    let members = projection(parameter, list, context)?;
    if members.as_ref().is_some_and(|members| members.link_depth() > 0) {
        return Err(no_links(parameter));
    }
    Ok(members)
}

/// Refuses to follow links.
pub(super) fn no_links(parameter: &str) -> Problem {
    bad(Text::both(
        format!("{parameter} follows a link, and links are not followed into the past; leave the braces out"),
        format!("{parameter}の波括弧(関連エンティティ)は、履歴の操作では使えません"),
    ))
}
