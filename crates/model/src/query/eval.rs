//! What `q` means: the plain evaluator, which every index must agree with (§4.9).
//!
//! Of several instances, one that satisfies the condition is enough. An array is equal to a value that it holds, and
//! unequal to one that it does not hold; ranges, orders and patterns ask for a single value. Values of different
//! types are unequal, and nothing else. A LanguageProperty without a language is asked as if it were the array of its
//! texts, by `[*]` or without; unlike an array it may also be ordered and searched, where one of its texts is enough,
//! and none may match `!~=`.

use machi_types::Json;

use super::{Facts, Operand, Operator, Path, Pattern, Query, Target, Term, Test, Value, compare};

impl Query {
    /// Whether an entity with these facts is asked for.
    pub fn matches(&self, facts: &dyn Facts) -> bool {
        self.logic.holds(&mut |term| term.matches(facts))
    }
}

impl Term {
    /// Whether an entity with these facts meets this condition.
    pub fn matches(&self, facts: &dyn Facts) -> bool {
        match self.test {
            Test::Absent => !self.path.any(facts, &mut |_| true),
            _ => self.path.any(facts, &mut |reached| reached.satisfies(&self.test)),
        }
    }
}

impl Test {
    /// Whether a target without trailing members satisfies this; [`Test::Absent`] never does.
    pub fn accepts(&self, target: Target<'_>) -> bool {
        Reached::through(target, &[]).is_some_and(|reached| reached.satisfies(self))
    }
}

impl Path {
    /// Whether `test` holds for anything at the end of the path.
    pub(super) fn any(&self, facts: &dyn Facts, test: &mut dyn FnMut(Reached<'_>) -> bool) -> bool {
        self.any_beyond(0, facts, test)
    }

    fn any_beyond(&self, links: usize, facts: &dyn Facts, test: &mut dyn FnMut(Reached<'_>) -> bool) -> bool {
        if let Some(link) = self.links.get(links) {
            return facts.any_linked(link, &mut |linked| self.any_beyond(links + 1, linked, test));
        }
        facts.any_target(&self.names, &mut |target| Reached::through(target, &self.members).is_some_and(&mut *test))
    }
}

/// What a path leads to, trailing members included.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reached<'t> {
    Json(&'t Json<'t>),
    /// The texts of these languages.
    Languages(&'t Json<'t>, Option<&'t str>),
    Target(Target<'t>),
}

impl<'t> Reached<'t> {
    /// Follows the trailing members as ECMAScript follows `value.a.b` (§4.9); nothing where that is undefined.
    pub(super) fn through(target: Target<'t>, members: &'t [String]) -> Option<Self> {
        match (target, members) {
            (Target::Value(value), members) => {
                let inner = members.iter().try_fold(value, |value, member| value.get(member));
                inner.map(Self::Json)
            }
            (Target::Languages(map), []) => Some(Self::Languages(map, None)),
            (Target::Languages(map), [any]) if any == "*" => Some(Self::Languages(map, None)),
            (Target::Languages(map), [tag]) => {
                let texts = map.as_object()?.iter().find(|(known, _)| known.eq_ignore_ascii_case(tag));
                texts.map(|_| Self::Languages(map, Some(tag)))
            }
            (target, []) => Some(Self::Target(target)),
            _ => None,
        }
    }

    fn satisfies(self, test: &Test) -> bool {
        match test {
            Test::Exists => true,
            Test::Absent => false,
            Test::Equal(operand) => self.equals(operand),
            Test::Unequal(operand) => !self.equals(operand),
            Test::Order(operator, value) => self.is_ordered(*operator, value),
            Test::Matches(pattern) => self.any_text(&mut |text| pattern.matches(text)),
            Test::MatchesNot(pattern) => self.matches_not(pattern),
        }
    }

    fn equals(self, operand: &Operand) -> bool {
        let is_equal = |value: &Json<'_>| compare::equals(|other| compare::json(value, other), operand);
        match self {
            Self::Json(Json::Array(items)) => !matches!(operand, Operand::Range(..)) && items.iter().any(is_equal),
            Self::Json(value) => is_equal(value),
            Self::Languages(..) => {
                self.any_text(&mut |text| compare::equals(|value| compare::text(text, value), operand))
            }
            Self::Target(Target::Time(time)) => compare::equals(|value| compare::time(time, value), operand),
            Self::Target(Target::Objects(_)) if matches!(operand, Operand::Range(..)) => false,
            Self::Target(Target::Objects(texts) | Target::Vocab(texts) | Target::Texts(texts)) => {
                texts.iter().any(|text| compare::equals(|value| compare::text(text, value), operand))
            }
            Self::Target(_) => false,
        }
    }

    fn is_ordered(self, operator: Operator, value: &Value) -> bool {
        let holds = |ordering| match operator {
            Operator::Greater => std::cmp::Ordering::is_gt(ordering),
            Operator::GreaterOrEqual => ordering.is_ge(),
            Operator::Less => ordering.is_lt(),
            Operator::LessOrEqual => ordering.is_le(),
        };
        match self {
            Self::Json(json) => compare::json(json, value).is_some_and(holds),
            Self::Target(Target::Time(time)) => compare::time(time, value).is_some_and(holds),
            _ => self.any_text(&mut |text| compare::text(text, value).is_some_and(holds)),
        }
    }

    fn matches_not(self, pattern: &Pattern) -> bool {
        self.any_text(&mut |_| true) && !self.any_text(&mut |text| pattern.matches(text))
    }

    /// Whether `ask` says so for the text that this is, or for one of the texts by language.
    fn any_text(self, ask: &mut dyn FnMut(&str) -> bool) -> bool {
        match self {
            Self::Json(Json::String(text)) => ask(text),
            Self::Json(value) => value.get("@value").and_then(Json::as_str).is_some_and(ask),
            Self::Languages(map, wanted) => {
                let is_wanted = |tag: &str| wanted.is_none_or(|wanted| tag.eq_ignore_ascii_case(wanted));
                let wanted = map.as_object().into_iter().flatten().filter(|(tag, _)| is_wanted(tag));
                wanted.map(|(_, texts)| texts).any(|texts| any_of_language(texts, ask))
            }
            // §4.9: a relationship answers nothing but == and !=.
            Self::Target(Target::Vocab([text]) | Target::Texts([text])) => ask(text),
            Self::Target(_) => false,
        }
    }
}

fn any_of_language(texts: &Json<'_>, ask: &mut dyn FnMut(&str) -> bool) -> bool {
    match texts {
        Json::String(text) => ask(text),
        Json::Array(texts) => texts.iter().filter_map(Json::as_str).any(ask),
        _ => false,
    }
}
