//! How the lines of one geometry, or the rings of an area, run relative to another geometry.
//!
//! Each edge is cut where the other geometry touches it. Between two cuts it meets nothing, so that the
//! place of its middle is that of the whole piece; a chain keeps its place until the next cut.

use ::geo::Coord;
use ::geo::line_intersection::{LineIntersection, line_intersection};

use super::edges::{Budget, Edge};
use super::locate::{Place, place_in_area, place_on_lines};
use super::{BoundingBox, Geometry, TooIntricate};

/// How the lines of one geometry, or the rings of an area, run relative to another geometry.
///
/// Relative to lines, `inside` means along them; relative to areas, in the interior. What runs along
/// a ring is neither inside nor outside.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Course {
    pub(super) inside: bool,
    pub(super) outside: bool,
    /// An edge goes right through another.
    pub(super) crosses: bool,
}

impl Course {
    pub(super) fn of_all(a: &Geometry, b: &Geometry, budget: &mut Budget) -> Result<Self, TooIntricate> {
        let mut course = Self::default();
        let mut walk = Walk { other: b, is_area: b.kind().dimension() == 2, cuts: Vec::new(), known: None };
        for edge in a.edges().iter() {
            walk.along(edge, &mut course, budget)?;
        }
        Ok(course)
    }

    fn note(&mut self, place: Place) {
        match place {
            Place::Inside => self.inside = true,
            Place::Boundary => {}
            Place::Outside => self.outside = true,
        }
    }
}

/// Where an edge is cut, in shares of its length.
#[derive(Clone, Copy)]
struct Cut {
    at: f64,
    /// Up to where the two run together; the same as `at` where they but touch.
    together_to: f64,
}

struct Walk<'g> {
    other: &'g Geometry,
    is_area: bool,
    cuts: Vec<Cut>,
    /// The part and position where the last edge ended, and the place of its end, if nothing touches there.
    known: Option<(usize, Coord<f64>, Place)>,
}

impl Walk<'_> {
    fn along(&mut self, edge: &Edge, course: &mut Course, budget: &mut Budget) -> Result<(), TooIntricate> {
        if edge.is_point() {
            self.known = None;
            course.note(self.place(edge.from, budget)?);
            return Ok(());
        }
        self.find_cuts(edge, course, budget)?;
        self.cuts.sort_by(|one, next| one.at.total_cmp(&next.at));
        let cuts = std::mem::take(&mut self.cuts);
        let touched_at_start = cuts.first().is_some_and(|cut| cut.at <= 0.0);
        let mut carried = match self.known.take() {
            Some((part, at, place)) if part == edge.part && at == edge.from && !touched_at_start => Some(place),
            _ => None,
        };
        let mut from = 0.0;
        for cut in &cuts {
            if cut.at > from {
                self.free_piece(edge, from, cut.at, carried, course, budget)?;
            }
            if cut.together_to > cut.at {
                course.note(if self.is_area { Place::Boundary } else { Place::Inside });
            }
            carried = None;
            from = cut.together_to.max(from);
        }
        if from < 1.0 {
            let place = self.free_piece(edge, from, 1.0, carried, course, budget)?;
            self.known = Some((edge.part, edge.to, place));
        }
        self.cuts = cuts;
        self.cuts.clear();
        Ok(())
    }

    /// Between two cuts the edge meets nothing, so that all of it is where its middle is.
    fn free_piece(
        &self,
        edge: &Edge,
        from: f64,
        to: f64,
        carried: Option<Place>,
        course: &mut Course,
        budget: &mut Budget,
    ) -> Result<Place, TooIntricate> {
        let place = match carried {
            Some(place) => place,
            None if !self.is_area => Place::Outside,
            None => {
                let share = f64::midpoint(from, to);
                let x = edge.from.x + share * (edge.to.x - edge.from.x);
                let y = edge.from.y + share * (edge.to.y - edge.from.y);
                self.place(Coord { x, y }, budget)?
            }
        };
        course.note(place);
        Ok(place)
    }

    fn place(&self, at: Coord<f64>, budget: &mut Budget) -> Result<Place, TooIntricate> {
        if self.is_area {
            place_in_area(self.other.edges(), at, budget)
        } else {
            place_on_lines(self.other, at, budget)
        }
    }

    fn find_cuts(&mut self, edge: &Edge, course: &mut Course, budget: &mut Budget) -> Result<(), TooIntricate> {
        let bounds = edge.bounds();
        let edges = self.other.edges();
        let cuts = &mut self.cuts;
        let is_near = |area: &BoundingBox| area.meets(&bounds);
        edges.search(budget, is_near, |other, _| {
            if !bounds.meets(&other.bounds()) {
                return Ok(true);
            }
            match line_intersection(edge.line(), other.line()) {
                None => {}
                Some(LineIntersection::SinglePoint { intersection, is_proper }) => {
                    course.crosses |= is_proper;
                    let at = share(edge, intersection);
                    cuts.push(Cut { at, together_to: at });
                }
                Some(LineIntersection::Collinear { intersection }) => {
                    let (one, end) = (share(edge, intersection.start), share(edge, intersection.end));
                    cuts.push(Cut { at: one.min(end), together_to: one.max(end) });
                }
            }
            Ok(true)
        })
    }
}

/// Where along the edge this position on it lies, 0 to 1.
fn share(edge: &Edge, at: Coord<f64>) -> f64 {
    if at == edge.from {
        return 0.0;
    }
    if at == edge.to {
        return 1.0;
    }
    let (width, height) = (edge.to.x - edge.from.x, edge.to.y - edge.from.y);
    let share = if width.abs() >= height.abs() { (at.x - edge.from.x) / width } else { (at.y - edge.from.y) / height };
    share.clamp(0.0, 1.0)
}
