//! Aggregated values: methods, periods, datatypes.

use serde_json::{Value, json};

use super::city::{City, I, R1, T, at, bad, property, rooms};
use super::retrieving::many;

const X: &str = "/temporal/entities/urn:ngsi-ld:X:1";

async fn aggregated(city: &City, path: &str, query: &str) -> Value {
    city.ask(&format!("{path}?format=aggregatedValues&{query}")).await.good()
}

/// An entity with one attribute `a`.
fn with(instances: &Value) -> City {
    let city = City::new();
    city.given(&json!({"id": "urn:ngsi-ld:X:1", "type": "X", "a": instances}));
    city
}

/// Instances of a Property each ten minutes from 09:00 on.
fn each_ten_minutes(values: &[Value]) -> Value {
    let instance = |(number, value): (usize, &Value)| json!({"type": "Property", "value": value, "observedAt": format!("2026-03-01T09:{number}0:00Z")});
    values.iter().enumerate().map(instance).collect()
}

/// The results of a method without their periods.
fn results(value: &Value, method: &str) -> Value {
    value["a"][method].as_array().map_or(Value::Null, |all| all.iter().map(|one| one[0].clone()).collect())
}

// §4.5.19.0: Periods are counted from timeAt, and each holds its begin and not its end; empty ones are left out.
#[tokio::test]
async fn periods_are_counted_from_the_time_asked_for() {
    let city = rooms();
    let hourly = "aggrMethods=avg&aggrPeriodDuration=PT1H";
    let value = aggregated(&city, R1, &format!("{hourly}&{I}")).await;
    assert_eq!(value["temperature"], json!({"type": "Property", "avg": [[21, at("09:00"), at("10:00")]]}));
    assert_eq!(value["co2"], json!({"type": "Property", "avg": [[400, at("09:00"), at("10:00")]]}));
    let value = aggregated(&city, R1, &format!("{hourly}&timerel=after&timeAt=2026-03-01T08:30:00Z")).await;
    assert_eq!(value["temperature"]["avg"], json!([[21, at("08:30"), at("09:30")], [23, at("09:30"), at("10:30")]]));
    let value = aggregated(&city, R1, hourly).await;
    assert_eq!(
        value["co2"]["avg"],
        json!([[400, at("09:00"), at("10:00")], [440, at("10:00"), at("11:00")]]),
        "from the oldest instance of the entity"
    );
    let back = "aggrMethods=avg&aggrPeriodDuration=PT30M&timerel=before&timeAt=2026-03-01T10:00:00Z";
    let value = aggregated(&city, R1, back).await;
    assert_eq!(value["temperature"]["avg"], json!([[21, at("09:00"), at("09:30")]]));
}

// §4.5.19.1: The eight methods, over all of the interval where no period is given.
#[tokio::test]
async fn all_methods_come_to_their_figures() {
    let city = rooms();
    let all = "aggrMethods=totalCount,distinctCount,sum,avg,min,max,sumsq,stddev";
    for period in ["", "&aggrPeriodDuration=PT0S", "&aggrPeriodDuration=P0D", "&aggrPeriodDuration=P0Y"] {
        let value = aggregated(&city, R1, &format!("{all}&{I}{period}")).await;
        let (a, b) = (at("09:00"), at("10:00"));
        assert_eq!(
            value["temperature"],
            json!({"type": "Property", "totalCount": [[3, a, b]], "distinctCount": [[3, a, b]], "sum": [[63, a, b]],
                "avg": [[21, a, b]], "min": [[20, a, b]], "max": [[22, a, b]], "sumsq": [[1325, a, b]],
                "stddev": [[1, a, b]]}),
            "{period}"
        );
        assert_eq!(value["co2"].get("stddev"), None, "a sample of one has none");
    }
    for (interval, start, end) in [
        ("", "09:00", "10:05"),
        ("&timerel=after&timeAt=2026-03-01T08:00:00Z", "08:00", "10:05"),
        ("&timerel=before&timeAt=2026-03-01T11:00:00Z", "09:00", "11:00"),
    ] {
        let value = aggregated(&city, R1, &format!("aggrMethods=totalCount{interval}")).await;
        assert_eq!(value["temperature"]["totalCount"], json!([[4, at(start), at(end)]]), "{interval}");
        assert_eq!(value["co2"]["totalCount"], json!([[2, at(start), at(end)]]), "the same for all series: {interval}");
    }
    let twice = aggregated(&city, R1, &format!("aggrMethods=avg,avg&{I}")).await;
    assert_eq!(twice["temperature"]["avg"].as_array().unwrap().len(), 1);
}

// §4.5.19.0: Months are those of the calendar, each counted from the origin.
#[tokio::test]
async fn months_are_those_of_the_calendar() {
    for (year, expected) in [
        (2026, [(1, "01-31", "02-28"), (5, "02-28", "03-31"), (4, "03-31", "04-30")]),
        (2028, [(3, "01-31", "02-29"), (3, "02-29", "03-31"), (4, "03-31", "04-30")]),
    ] {
        let day = |day: &str| format!("{year}-{day}T00:00:00Z");
        let instance = |value: i64, of: &str| json!({"type": "Property", "value": value, "observedAt": day(of)});
        let city =
            with(&json!([instance(1, "01-31"), instance(2, "02-28"), instance(3, "03-30"), instance(4, "03-31")]));
        let query = format!("aggrMethods=sum&aggrPeriodDuration=P1M&timerel=after&timeAt={}", day("01-31"));
        let value = aggregated(&city, X, &query).await;
        let expected: Vec<Value> =
            expected.into_iter().map(|(sum, start, end)| json!([sum, day(start), day(end)])).collect();
        assert_eq!(value["a"]["sum"], json!(expected), "{year}");
    }
}

// §4.5.19.0: A period is an ISO 8601 duration.
#[tokio::test]
async fn periods_are_durations() {
    let city = rooms();
    for period in ["P1W", "P1D", "PT90M", "PT0.5S", "P1Y2M3DT4H5M6S", "P999999Y", "P400D"] {
        aggregated(&city, R1, &format!("aggrMethods=avg&aggrPeriodDuration={period}&{I}")).await;
    }
    for period in ["P", "PT", "P1DT", "1H", "-PT1H", "PT1.5H", "P1M2W", "P-1D", "pt1h", "P0000-00-00T01:00:00", ""] {
        let path = format!("{R1}?format=aggregatedValues&aggrMethods=avg&aggrPeriodDuration={period}&{I}");
        assert_eq!(city.ask(&path).await.fault(), bad("BadRequestData"), "{period}");
    }
}

// §4.5.19.0: As many periods as an interval may hold are answered at once: those without instances are not counted.
#[tokio::test]
async fn seconds_of_ten_thousand_years_are_no_trouble() {
    let city = rooms();
    let ages = "timerel=between&timeAt=0001-01-01T00:00:00Z&endTimeAt=9999-12-31T23:59:59.999999Z";
    let value = aggregated(&city, R1, &format!("aggrMethods=avg&aggrPeriodDuration=PT1S&{ages}")).await;
    assert_eq!(value["temperature"]["avg"].as_array().unwrap().len(), 4);
    assert_eq!(value["temperature"]["avg"][0], json!([20, at("09:00"), "2026-03-01T09:00:01Z"]));
    let last = json!([{"type": "Property", "value": 1, "observedAt": "9999-12-31T23:00:00Z"},
        {"type": "Property", "value": 2, "observedAt": "9999-12-31T23:59:59.999999Z"}]);
    let query = "aggrMethods=sum&aggrPeriodDuration=P1D&timerel=after&timeAt=9999-12-31T00:00:00Z";
    let value = aggregated(&with(&last), X, query).await;
    assert_eq!(value["a"]["sum"], json!([[3, "9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999999Z"]]));
    let query = "aggrMethods=sum&aggrPeriodDuration=P1M&timerel=after&timeAt=0001-01-01T00:00:00Z";
    assert_eq!(results(&aggregated(&with(&last), X, query).await, "sum"), json!([3]));
}

// §4.5.19.1: aggregatedValues needs methods that there are.
#[tokio::test]
async fn methods_are_known() {
    let city = rooms();
    for query in ["aggrMethods=median", "aggrMethods=AVG", "aggrMethods=", "aggrMethods=avg,", "", "lastN=1"] {
        let path = format!("{R1}?format=aggregatedValues&{query}&{I}");
        assert_eq!(city.ask(&path).await.fault(), bad("BadRequestData"), "{query}");
    }
    let ignored = format!("{R1}?format=temporalValues&aggrMethods=sum&{I}");
    assert_eq!(city.ask(&ignored).await.status, 200);
    assert_eq!(city.ask(&format!("{R1}?aggrMethods=median")).await.fault(), bad("BadRequestData"));
}

// §4.5.19.1: Each datatype has methods that make something of it.
#[tokio::test]
async fn datatypes_have_methods_of_their_own() {
    let texts = ["b", "a", "b"].map(Value::from);
    let sizes = [json!([1]), json!([1, 2, 3])];
    let objects = [json!({"x": 1, "y": 2}), json!({"y": 2.0, "x": 1})];
    let days = ["2026-03-02", "2026-03-01"].map(Value::from);
    let times = ["08:00:00Z", "10:00:00Z"].map(Value::from);
    let mixed = [json!("x"), json!(3), json!(5), json!({"z": 1})];
    for (values, figures) in [
        (
            &texts[..],
            vec![
                ("min", json!(["a"])),
                ("max", json!(["b"])),
                ("totalCount", json!([3])),
                ("distinctCount", json!([2])),
                ("avg", Value::Null),
            ],
        ),
        (
            &[json!(true), json!(false), json!(true)],
            vec![("sum", json!([2])), ("max", json!([1])), ("min", json!([0]))],
        ),
        (
            &sizes,
            vec![
                ("sum", json!([4])),
                ("avg", json!([2])),
                ("max", json!([3])),
                ("min", json!([1])),
                ("stddev", Value::Null),
            ],
        ),
        (&objects, vec![("distinctCount", json!([1])), ("max", Value::Null), ("totalCount", json!([2]))]),
        (&days, vec![("min", json!(["2026-03-01"])), ("max", json!(["2026-03-02"])), ("avg", Value::Null)]),
        (&times, vec![("avg", json!(["09:00:00Z"])), ("min", json!(["08:00:00Z"]))]),
        (
            &mixed,
            vec![("max", json!([5])), ("sum", json!([8])), ("totalCount", json!([4])), ("distinctCount", json!([4]))],
        ),
        (&[json!(0.1), json!(0.2)], vec![("sum", json!([0.1 + 0.2])), ("min", json!([0.1]))]),
        (&[json!(9_223_372_036_854_775_806_i64), json!(1)], vec![("sum", json!([9_223_372_036_854_775_807_i64]))]),
    ] {
        let city = with(&each_ten_minutes(values));
        let value = aggregated(&city, X, "aggrMethods=totalCount,distinctCount,sum,avg,min,max,stddev,sumsq").await;
        for (method, expected) in figures {
            assert_eq!(results(&value, method), expected, "{method} of {values:?}");
        }
    }
    let mean =
        aggregated(&with(&each_ten_minutes(&[json!(true), json!(false), json!(true)])), X, "aggrMethods=avg").await;
    assert!((mean["a"]["avg"][0][0].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-12);
}

// §4.5.19.1: Lists count by their sizes, links by their targets.
#[tokio::test]
async fn lists_and_links_are_counted() {
    let list = |values: Value, time: &str| json!({"type": "ListProperty", "valueList": values, "observedAt": at(time)});
    let city = with(&json!([list(json!([1]), "09:00"), list(json!([1, 2, 3]), "09:10")]));
    assert_eq!(results(&aggregated(&city, X, "aggrMethods=sum").await, "sum"), json!([4]));
    let link = |target: Value, time: &str| json!({"type": "Relationship", "object": target, "observedAt": at(time)});
    let links = [
        link(json!("urn:x:A"), "09:00"),
        link(json!("urn:x:B"), "09:10"),
        link(json!(["urn:x:A", "urn:x:B"]), "09:20"),
    ];
    let value = aggregated(&with(&json!(links)), X, "aggrMethods=totalCount,distinctCount,max").await;
    assert_eq!((results(&value, "totalCount"), results(&value, "distinctCount")), (json!([3]), json!([2])));
    assert_eq!((&value["a"]["type"], value["a"].get("max")), (&json!("Relationship"), None));
}

// §5.7.4: A method that makes nothing of an attribute that the request names is refused; of others they are left out.
#[tokio::test]
async fn named_attributes_must_fit_the_methods() {
    let city = City::new();
    city.given(&json!({"id": "urn:ngsi-ld:X:1", "type": "X", "a": each_ten_minutes(&[json!("b")]),
        "o": each_ten_minutes(&[json!({"x": 1})]), "n": each_ten_minutes(&[json!(1)]), "l": each_ten_minutes(&[json!([1])])}));
    for query in [
        "attrs=a&aggrMethods=avg",
        "pick=a&aggrMethods=totalCount,avg",
        "attrs=o&aggrMethods=max",
        "attrs=l&aggrMethods=stddev",
        "attrs=l&aggrMethods=sumsq",
    ] {
        let path = format!("{X}?format=aggregatedValues&{query}");
        assert_eq!(city.ask(&path).await.fault(), bad("InvalidRequest"), "{query}");
    }
    let value = aggregated(&city, X, "aggrMethods=sumsq").await;
    let mut members: Vec<&String> = value.as_object().unwrap().keys().collect();
    members.sort_unstable();
    assert_eq!(members, ["id", "n", "type"]);
}

// §4.5.19.0: Series are never mixed, and what says that there is none is no value.
#[tokio::test]
async fn series_are_aggregated_apart() {
    let city = City::new();
    city.given(&many());
    let path = "/temporal/entities/urn:ngsi-ld:Room:3";
    let value = aggregated(&city, path, &format!("aggrMethods=avg&{I}")).await;
    let (a, b) = (at("09:00"), at("10:00"));
    assert_eq!(
        value["temperature"],
        json!([{"type": "Property", "avg": [[20, a, b]]}, {"type": "Property", "datasetId": "urn:ds:a", "avg": [[30.5, a, b]]},
            {"type": "Property", "datasetId": "urn:ds:b", "avg": [[40, a, b]]}])
    );
    city.deleted("urn:ngsi-ld:Room:3", "temperature", machi_model::entity::Kind::Property);
    let again = aggregated(&city, path, &format!("aggrMethods=avg&{I}")).await;
    assert_eq!(again, value);
    let deletions = aggregated(&city, path, "aggrMethods=totalCount&timeproperty=deletedAt").await;
    assert_eq!(deletions["temperature"]["totalCount"][0][0], json!(1));
}

// §4.5.19.0: lastN gives the last periods of each series.
#[tokio::test]
async fn the_last_periods_are_given() {
    let city = rooms();
    let value = aggregated(&city, R1, &format!("aggrMethods=avg&aggrPeriodDuration=PT10M&lastN=1&{I}")).await;
    assert_eq!(value["temperature"]["avg"], json!([[22, at("09:20"), at("09:30")]]));
    assert_eq!(value["co2"]["avg"], json!([[400, at("09:00"), at("09:10")]]));
}

// §5.7.4: Entities that are queried are aggregated each for itself, and where they were in a scope.
#[tokio::test]
async fn queried_entities_are_aggregated() {
    let city = rooms();
    let value = city.ask(&format!("{T}?type=Room,Bus&format=aggregatedValues&aggrMethods=max&{I}")).await.good();
    assert_eq!(value[0]["speed"]["max"][0][0], json!(50));
    assert_eq!(value[1]["temperature"]["max"][0][0], json!(22));
    city.given(&json!({"id": "urn:ngsi-ld:S:1", "type": "Scoped",
        "scope": [{"type": "Property", "value": "/A", "observedAt": at("08:00")}, {"type": "Property", "value": "/B", "observedAt": at("09:30")}],
        "temperature": property(&[(1.0, "09:10"), (2.0, "09:40")])}));
    let value =
        city.ask(&format!("{T}?type=Scoped&scopeQ=/B&format=aggregatedValues&aggrMethods=sum&{I}")).await.good();
    assert_eq!(value[0]["temperature"]["sum"][0][0], json!(2));
}
