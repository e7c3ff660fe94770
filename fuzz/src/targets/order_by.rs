//! Orders: orderBy, orderFrom, orderGeometry and collation, one a line.

use machi_model::context::Context;
use machi_model::query::{Coordinates, OrderBy, OrderParameters};

use crate::planted;
use crate::target::{Target, texts};
use crate::text::{parameters, text};

pub(crate) const TARGET: Target = Target {
    name: "order_by",
    run,
    seeds,
    words: &[",", ";asc", ";desc", ";dist-asc", ";dist-desc", "[", "]", ".", "[0,0]", "Point", "LineString"],
};

fn run(bytes: &[u8]) {
    let text = text(bytes);
    let [order_by, order_from, order_geometry, collation] = parameters(&text);
    let order_from = order_from.map(Coordinates::Text);
    let Ok(Some(order)) = OrderBy::parse(&OrderParameters { order_by, order_from, order_geometry, collation }) else {
        return;
    };
    let written = order.to_string();
    let again = OrderBy::parse(&OrderParameters { order_by: Some(&written), order_from, order_geometry, collation });
    assert_eq!(again, Ok(Some(order.clone())), "{text:?} was written as {written:?}");
    let _ = order.expand(&|name: &str| Context::core().expand_name(name));
    planted::fault(written.contains("dist-desc") && written.contains(','));
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "temperature;desc,id",
        "location;dist-asc\n[139.7,35.6]",
        "location;dist-desc\n[139.7,35.6]",
        "location;dist-asc,id\n[139.7,35.6]",
        "id,location;dist-asc\n[139.7,35.6]",
        "a.b[c];asc\n[[0,0],[1,1]]\nLineString\nja",
    ])
}
