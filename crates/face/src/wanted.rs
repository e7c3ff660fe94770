//! What a query asks for, read from the parameters of a URL or the members of a body
//! (ETSI GS CIM 009 Table 6.4.3.2-1, §5.2.23).

use machi_http::request::Query;
use machi_http::{Problem, Text};
use machi_model::context::{Context, ContextError};
use machi_model::query::{
    Coordinates, GeoParameters, GeoQuery, Limits, Member, NameList, OrderBy, OrderParameters, Pattern, Q, ScopeQuery,
    Step, TypeExpression, ValueExpansion,
};
use machi_types::{ErrorKind, Iri, Json, Name};

use crate::{Criteria, FaceError, Selector, japanese};

/// The parameters that select entities; purging knows them, too.
pub const SELECTING: [&str; 12] = [
    "type",
    "id",
    "idPattern",
    "q",
    "expandValues",
    "jsonKeys",
    "georel",
    "geometry",
    "coordinates",
    "geoproperty",
    "scopeQ",
    "csf",
];

/// A list as it came.
#[derive(Clone, Debug, Default)]
pub enum List<'a> {
    /// Not at all.
    #[default]
    Absent,
    /// Between commas.
    Text(&'a str),
    /// As an array.
    Items(Vec<&'a str>),
}

/// Criteria as they came.
#[derive(Clone, Debug, Default)]
pub struct Wanted<'a> {
    pub selectors: Vec<WantedSelector<'a>>,
    pub attrs: List<'a>,
    pub q: Option<&'a str>,
    pub expand_values: Option<&'a str>,
    pub json_keys: Option<&'a str>,
    pub geo: GeoParameters<'a>,
    pub scope_q: Option<&'a str>,
    pub csf: Option<&'a str>,
    /// Whether the operation is limited to what is held here (§5.5.13).
    pub local: Option<bool>,
    /// Whether entities are named and only some of their attributes are to be deleted (§5.6.21.4, b).
    pub is_of_attributes: bool,
    /// Whether `attrs` may name the scopes, whose history is that of an attribute (§4.5.6).
    pub scope_is_attribute: bool,
}

/// One of the selectors as it came.
#[derive(Clone, Debug, Default)]
pub struct WantedSelector<'a> {
    pub types: Option<&'a str>,
    pub ids: List<'a>,
    pub pattern: Option<&'a str>,
    /// Whether ids make the pattern idle, which is checked all the same.
    pub id_decides: bool,
}

impl<'a> List<'a> {
    /// A parameter's value.
    pub fn of(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, Self::Text)
    }

    /// The items, trimmed.
    pub fn items(&self) -> Vec<&'a str> {
        match self {
            Self::Absent => Vec::new(),
            Self::Text(text) => text.split(',').map(str::trim).collect(),
            Self::Items(items) => items.clone(),
        }
    }

    /// The items as IRIs.
    pub fn iris(&self, parameter: &str) -> Result<Vec<Name>, Problem> {
        let iri = |text: &str| text.parse::<Iri>().map(Iri::into_name).map_err(|error| no_iri(parameter, &error));
        self.items().into_iter().map(iri).collect()
    }

    /// The items as names of attributes or members.
    pub fn names(&self, parameter: &'static str, context: &Context) -> Result<Vec<Step>, FaceError> {
        let list = match self {
            Self::Absent => return Ok(Vec::new()),
            Self::Text(text) => NameList::parse(parameter, text)?,
            Self::Items(items) => NameList::parse_items(parameter, items.iter().copied())?,
        };
        Ok(list.expand(&expander(context))?.names)
    }

    /// The items as names of attributes, system attributes among them.
    pub fn attributes(&self, parameter: &'static str, context: &Context) -> Result<Vec<Step>, Problem> {
        // Table 6.5.3.1-1: id, type and scope are no attributes, and not allowed.
        self.names_but(parameter, context, &[Member::Id, Member::Type, Member::Scope])
    }

    /// The same where the scopes have a history as attributes have.
    pub fn histories(&self, parameter: &'static str, context: &Context) -> Result<Vec<Step>, Problem> {
        self.names_but(parameter, context, &[Member::Id, Member::Type])
    }

    fn names_but(&self, parameter: &'static str, context: &Context, heads: &[Member]) -> Result<Vec<Step>, Problem> {
        let names = self.names(parameter, context)?;
        let is_head = |step: &&Step| matches!(step, Step::Member(member) if heads.contains(member));
        match names.iter().find(is_head) {
            None => Ok(names),
            Some(member) => Err(bad(Text::both(
                format!("{parameter}: \"{member}\" is no attribute; pick takes it"),
                format!("{parameter}: \"{member}\"は属性ではありません。pickで指定してください"),
            ))),
        }
    }
}

impl<'a> Wanted<'a> {
    /// From the parameters of a URL.
    pub fn of_query(query: &'a Query<'_>) -> Result<Self, Problem> {
        let selector = WantedSelector {
            types: query.get("type"),
            ids: List::of(query.get("id")),
            pattern: query.get("idPattern"),
            // §5.7.2.4: of the parameters of a URL, each that is given must be met.
            id_decides: false,
        };
        Ok(Self {
            selectors: vec![selector],
            attrs: List::of(query.get("attrs")),
            q: query.get("q"),
            expand_values: query.get("expandValues"),
            json_keys: query.get("jsonKeys"),
            geo: GeoParameters {
                georel: query.get("georel"),
                geometry: query.get("geometry"),
                coordinates: query.get("coordinates").map(Coordinates::Text),
                geoproperty: query.get("geoproperty"),
            },
            scope_q: query.get("scopeQ"),
            csf: query.get("csf"),
            local: query.flag("local")?,
            ..Self::default()
        })
    }

    /// The criteria, with names expanded. A query that is too wide is refused (§5.7.2.4).
    pub fn criteria(&self, context: &Context) -> Result<Criteria, Problem> {
        let criteria = Criteria {
            selectors: self.selectors.iter().map(|selector| selector.read(context)).collect::<Result<_, Problem>>()?,
            attributes: match self.scope_is_attribute {
                true => self.attrs.histories("attrs", context)?,
                false => self.attrs.attributes("attrs", context)?,
            },
            q: self.query(context)?,
            geo: self.place(context)?,
            scopes: self.scope_q.map(ScopeQuery::parse).transpose().map_err(FaceError::from)?,
        };
        if let Some(csf) = self.csf {
            // No source is registered here, so that the filter of sources has nothing to choose from.
            Q::parse_as("csf", csf, &Limits::default()).map_err(FaceError::from)?;
        }
        self.check_locality(&criteria)?;
        Ok(criteria)
    }

    fn query(&self, context: &Context) -> Result<Option<machi_model::query::Query>, FaceError> {
        let list = |parameter, text: Option<&str>| match text {
            Some(text) => NameList::parse(parameter, text),
            None => Ok(NameList::default()),
        };
        let values = ValueExpansion {
            expand_values: list("expandValues", self.expand_values)?,
            json_keys: list("jsonKeys", self.json_keys)?,
        };
        let Some(text) = self.q else { return Ok(None) };
        Ok(Some(Q::parse(text)?.expand_with_values(&expander(context), &values)?))
    }

    fn place(&self, context: &Context) -> Result<Option<GeoQuery>, FaceError> {
        let geo = GeoQuery::parse(&self.geo)?;
        Ok(geo.map(|geo| geo.expand(&expander(context))).transpose()?)
    }

    /// Whether the operation is limited to what is held here, explicitly or by `type=*` (Table 6.4.3.2-1).
    fn is_local(&self, criteria: &Criteria) -> bool {
        self.local == Some(true) || asks_for_every_type(criteria)
    }

    fn check_locality(&self, criteria: &Criteria) -> Result<(), Problem> {
        if self.local == Some(false) && asks_for_every_type(criteria) {
            return Err(bad(Text::both(
                "type=* asks for all entities that are held here, so that local must not be false",
                "type=*はローカルのエンティティのみを対象とするため、local=falseは指定できません",
            )));
        }
        let names_types = criteria.selectors.iter().any(|selector| selector.types.is_some());
        let names_attribute = criteria.attributes.iter().any(|step| step.attribute().is_some());
        let asks_attribute = criteria.q.as_ref().is_some_and(machi_model::query::Query::names_an_attribute);
        let is_narrow = names_types || names_attribute || asks_attribute || criteria.geo.is_some();
        if is_narrow || self.is_of_attributes || self.is_local(criteria) {
            return Ok(());
        }
        Err(bad(Text::both(
            "the query is too wide: give a type, an attribute in attrs or q, a place (georel), or local=true",
            "検索条件が広すぎます。type、attrsまたはqの属性、georel、local=trueのいずれかを指定してください",
        )))
    }
}

impl WantedSelector<'_> {
    fn read(&self, context: &Context) -> Result<Selector, Problem> {
        let types = self.types.map(TypeExpression::parse).transpose().map_err(FaceError::from)?;
        let types = types.map(|types| types.expand(&expander(context))).transpose().map_err(FaceError::from)?;
        let ids = self.ids.iris("id")?;
        let pattern = self.pattern.map(|text| Pattern::parse("idPattern", text)).transpose();
        let pattern = pattern.map_err(FaceError::from)?.filter(|_| ids.is_empty() || !self.id_decides);
        Ok(Selector { ids, pattern, types })
    }
}

fn asks_for_every_type(criteria: &Criteria) -> bool {
    let is_every = |selector: &Selector| matches!(selector.types, Some(TypeExpression::Every));
    criteria.selectors.iter().any(is_every)
}

/// The order of the entities. It is for what is held here alone (§5.7.2.4), which is all that is asked unless
/// the client wants more.
pub fn order(
    parameters: &OrderParameters<'_>,
    local: Option<bool>,
    context: &Context,
) -> Result<Option<OrderBy>, Problem> {
    let order = OrderBy::parse(parameters).map_err(FaceError::from)?;
    let Some(order) = order else { return Ok(None) };
    if local == Some(false) {
        return Err(bad(Text::both(
            "orderBy orders what is held here alone; ask without local=false",
            "orderByはローカルのエンティティのみを対象とするため、local=falseは指定できません",
        )));
    }
    Ok(Some(order.expand(&expander(context)).map_err(FaceError::from)?))
}

/// How names are expanded by a context.
pub fn expander(context: &Context) -> impl Fn(&str) -> Result<Name, ContextError> + '_ {
    |name| context.expand_name(name)
}

/// The text of a member of a JSON object, which must be one.
pub fn text_member<'a>(json: &'a Json<'_>, member: &str) -> Result<Option<&'a str>, Problem> {
    match json.get(member) {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong_kind(member, "a string", "文字列", other)),
    }
}

/// The texts of a member of a JSON object, which must be an array of them, and not empty.
pub fn list_member<'a>(json: &'a Json<'_>, member: &str) -> Result<List<'a>, Problem> {
    match json.get(member) {
        None => Ok(List::Absent),
        Some(Json::Array(items)) if !items.is_empty() => {
            let texts =
                items.iter().map(|item| item.as_str().ok_or_else(|| wrong_kind(member, STRINGS, STRINGS_JA, item)));
            Ok(List::Items(texts.collect::<Result<_, _>>()?))
        }
        Some(other) => Err(wrong_kind(member, STRINGS, STRINGS_JA, other)),
    }
}

const STRINGS: &str = "an array of one or more strings";
const STRINGS_JA: &str = "1つ以上の文字列の配列";

pub fn wrong_kind(member: &str, right: &str, right_ja: &str, found: &Json<'_>) -> Problem {
    bad(Text::both(
        format!("the member \"{member}\" must be {right}, and is {}", kind(found)),
        format!("メンバー\"{member}\"は{right_ja}でなければなりません"),
    ))
}

fn kind(found: &Json<'_>) -> &'static str {
    if found.as_array().is_some_and(<[_]>::is_empty) { "an empty array" } else { found.kind() }
}

fn no_iri(parameter: &str, error: &machi_types::InvalidIri) -> Problem {
    bad(Text::both(
        format!("{parameter}: {error}"),
        format!("{parameter}: IRIではありません: {}", japanese::iri(error)),
    ))
}

pub fn bad(detail: Text) -> Problem {
    Problem::new(ErrorKind::BadRequestData, detail)
}
