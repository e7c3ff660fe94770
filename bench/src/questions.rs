//! The shapes of queries that the figures name, each with the plain function that says which entities it means.

use crate::grid::{Cell, Grid};

/// The diameter of a degree of latitude, in metres.
const DEGREE: f64 = 111_195.0;

/// By what an entity is ordered.
pub type Key = Box<dyn Fn(&Cell, f64) -> f64 + Send + Sync>;

/// What a plain reading of an entity says of a condition; nothing where a hair decides.
pub type Meets = Box<dyn Fn(&Cell, f64) -> Option<bool> + Send + Sync>;

/// One query.
pub struct Question {
    /// Its parameters, encoded.
    pub parameters: String,
    /// Whether an entity meets it, with this level.
    pub meets: Meets,
    /// The key of its order.
    pub key: Option<Key>,
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.parameters)
    }
}

/// The names of the shapes.
pub const SHAPES: [&str; 14] = [
    "type and equality, 0.001% match",
    "type and equality, 50% match",
    "range",
    "AND of two halves, rarely together",
    "OR",
    "!attr",
    "a datasetId instance",
    "scopeQ",
    "near, by distance",
    "within",
    "intersects",
    "q and geo together",
    "orderBy over 300,000 matches",
    "joinLevel=2, fan-out 5",
];

/// A question of a shape.
pub fn question(grid: &Grid, shape: usize, random: u64) -> Question {
    let Grid { group, level, side, other, .. } = grid;
    let groups = (grid.count / 10).max(1);
    let wanted = random % groups;
    let from = (random % 100_000) as f64;
    let (x, y) = (135.1 + (random % 1_700) as f64 / 1000.0, 35.1 + (random / 1_700 % 1_700) as f64 / 1000.0);
    match shape {
        0 => by_q(&format!("{group}==\"group {wanted} of the city\""), move |cell, _| cell.group == wanted),
        1 => by_q(&format!("{side}==\"left\""), |cell, _| cell.is_left),
        2 => by_q(&format!("{level}=={from}..{}", from + 10.0), move |cell, level| {
            let is_within = |level: f64| level >= from && level <= from + 10.0;
            is_within(level) || cell.second.is_some_and(is_within)
        }),
        3 => {
            by_q(&format!("{side}==\"left\";{other}==\"upper\""), |cell, _| cell.is_left && cell.is_upper == Some(true))
        }
        4 => by_q(&format!("{group}==\"group {wanted} of the city\"|{level}>204000"), move |cell, level| {
            cell.group == wanted || level > 204_000.0 || cell.second.is_some_and(|second| second > 204_000.0)
        }),
        5 => by_q(&format!("!{other}"), |cell, _| cell.is_upper.is_none()),
        6 => {
            let second = 200_000.0 + (random % 5000) as f64;
            by_q(&format!("{level}=={second}"), move |cell, _| cell.second == Some(second))
        }
        7 => {
            let scope = random % 100;
            question_of(&[("scopeQ", format!("/area/s{scope}/#"))], move |cell, _| Some(cell.scope == Some(scope)))
        }
        8 => near((x, y), 1000.0, None),
        9 => in_box("within", (x, y)),
        10 => in_box("intersects", (x, y)),
        11 => near((x, y), 3000.0, Some(format!("{side}==\"left\""))),
        12 => {
            let most = 31_457.0;
            let mut question = by_q(&format!("{level}<{most}"), move |cell, level| {
                level < most || cell.second.is_some_and(|second| second < most)
            });
            question.parameters = format!("{}&orderBy={level}&local=true", question.parameters);
            question.key = Some(Box::new(|_, level| level));
            question
        }
        _ => {
            let mut question = by_q(
                &format!("{group}==\"group {wanted} of the city\"|{group}==\"group 7 of the city\""),
                move |cell, _| cell.group == wanted || cell.group == 7,
            );
            question.parameters.push_str("&join=inline&joinLevel=2");
            question
        }
    }
}

fn by_q(q: &str, meets: impl Fn(&Cell, f64) -> bool + Send + Sync + 'static) -> Question {
    question_of(&[("q", q.to_owned())], move |cell, level| Some(meets(cell, level)))
}

fn question_of(
    parameters: &[(&str, String)],
    meets: impl Fn(&Cell, f64) -> Option<bool> + Send + Sync + 'static,
) -> Question {
    let pairs: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    Question { parameters: pairs.join("&"), meets: Box::new(meets), key: None }
}

fn near(at: (f64, f64), metres: f64, q: Option<String>) -> Question {
    let mut parameters = vec![
        ("georel", format!("near;maxDistance=={metres}")),
        ("geometry", "Point".to_owned()),
        ("coordinates", format!("[{},{}]", at.0, at.1)),
    ];
    let with_q = q.is_some();
    if let Some(q) = q {
        parameters.push(("q", q));
    } else {
        parameters.push(("orderBy", "location;dist-asc".to_owned()));
        parameters.push(("orderFrom", format!("[{},{}]", at.0, at.1)));
        parameters.push(("local", "true".to_owned()));
    }
    let mut question = question_of(&parameters, move |cell, _| {
        if with_q && !cell.is_left {
            return Some(false);
        }
        let distance = distance(cell.place, at);
        let is_close = (distance - metres).abs() < metres * 0.01;
        (!is_close).then_some(distance < metres)
    });
    if !with_q {
        question.key = Some(Box::new(move |cell, _| distance(cell.place, at)));
    }
    question
}

fn in_box(relation: &str, (west, south): (f64, f64)) -> Question {
    let (east, north) = (west + 0.02, south + 0.02);
    let ring = format!("[[[{west},{south}],[{east},{south}],[{east},{north}],[{west},{north}],[{west},{south}]]]");
    let parameters = [("georel", relation.to_owned()), ("geometry", "Polygon".to_owned()), ("coordinates", ring)];
    question_of(&parameters, move |cell, _| {
        let (x, y) = cell.place;
        let is_inside =
            |margin: f64| x > west - margin && x < east + margin && y > south - margin && y < north + margin;
        let (surely, perhaps) = (is_inside(-1e-4), is_inside(1e-4));
        (surely == perhaps).then_some(surely)
    })
}

/// Metres between two places close to each other.
pub fn distance((x, y): (f64, f64), (east, north): (f64, f64)) -> f64 {
    let across = (x - east) * f64::midpoint(y, north).to_radians().cos();
    DEGREE * across.hypot(y - north)
}

fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~;,[]()!/*:".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
