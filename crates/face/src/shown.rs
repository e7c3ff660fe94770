//! What a client wants to see of entities: which members, which instances, which language (ETSI GS CIM 009 §4.5.5,
//! §4.15, §4.21).

use machi_http::{Problem, Text};
use machi_model::context::Context;
use machi_model::entity::render::{Datasets, InvalidLanguages, Languages};
use machi_model::query::{Projection, Step};
use machi_types::ErrorKind;

use crate::wanted::{List, bad, expander};
use crate::{FaceError, japanese};

/// The members that `pick` or `omit` names.
pub fn projection(
    parameter: &'static str,
    list: &List<'_>,
    context: &Context,
) -> Result<Option<Projection<Step>>, FaceError> {
    let written = match list {
        List::Absent => return Ok(None),
        List::Text(text) => Projection::parse(parameter, text)?,
        List::Items(items) => Projection::parse_items(parameter, items.iter().copied())?,
    };
    Ok(Some(written.expand(&expander(context))?))
}

/// §4.21: what is shown is told in one way, and without contradiction.
pub fn check_choice(pick: Option<&Projection>, omit: Option<&Projection>, attrs: &[Step]) -> Result<(), Problem> {
    if !attrs.is_empty() && (pick.is_some() || omit.is_some()) {
        return Err(bad(Text::both(
            "attrs is an older word for pick and goes with neither pick nor omit; give pick instead",
            "attrsはpickの旧称であり、pickやomitと同時には指定できません。pickを指定してください",
        )));
    }
    let contradiction = pick.zip(omit).and_then(|(pick, omit)| pick.contradiction(omit));
    contradiction.map_or(Ok(()), |member| {
        Err(bad(Text::both(
            format!("pick keeps {member} and omit leaves it out; name it in one of them"),
            format!("{member}がpickとomitの両方にあります。どちらか一方に指定してください"),
        )))
    })
}

/// The instances that `datasetId` names, `@none` among them standing for the default one.
pub fn datasets(list: &List<'_>) -> Result<Option<Datasets>, Problem> {
    if matches!(list, List::Absent) {
        return Ok(None);
    }
    let items = list.items();
    let ids: Vec<&str> = items.iter().copied().filter(|item| *item != "@none").collect();
    List::Items(ids).iris("datasetId")?;
    Ok(Some(Datasets::new(items)))
}

/// The languages that `lang` wants.
pub fn languages(lang: Option<&str>) -> Result<Option<Languages>, Problem> {
    lang.map(Languages::parse).transpose().map_err(|error| no_languages(&error))
}

/// The refusal of a list of languages that is none.
pub fn no_languages(error: &InvalidLanguages) -> Problem {
    bad(Text::both(format!("lang: {error}"), format!("lang: {}", japanese::languages(error))))
}

/// Entity maps belong to distributed operations, which are not offered here.
pub fn refuse_entity_map(wanted: Option<bool>) -> Result<(), Problem> {
    if wanted != Some(true) {
        return Ok(());
    }
    Err(Problem::new(
        ErrorKind::OperationNotSupported,
        Text::both("entity maps are not offered here; ask without entityMap", "エンティティマップには対応していません"),
    ))
}
