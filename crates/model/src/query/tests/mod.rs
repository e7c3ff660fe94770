//! Examples from the standard, faults and their positions, and laws.

mod entity;
mod evaluation;
mod faults;
mod laws;
mod parameters;
mod patterns;
mod periods;

use machi_types::Name;

use super::*;

/// Terms get the prefix `ex:`.
#[expect(clippy::unnecessary_wraps, reason = "stands for the names of a context, some of which have no meaning")]
fn expanded(name: &str) -> Result<Name, String> {
    if name.contains(':') { Ok(Name::from(name)) } else { Ok(Name::from(["ex:", name].concat())) }
}

fn q(text: &str) -> Q {
    Q::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn the_examples_of_the_standard_are_read_and_written() {
    for text in [
        "temperature",
        "temperature==20",
        r#"brandName!="Mercedes""#,
        r#"isParked=="urn:ngsi-ld:OffStreetParking:Downtown1""#,
        r#"speed>50;brandName!="Mercedes""#,
        "isMonitoredBy",
        r#"(speed>50|rpm>3000);brandName=="Mercedes""#,
        "temperature>=20;temperature<=25|capacity<=10",
        "temperature.observedAt>=2017-12-24T12:00:00Z",
        r#"address[city]=="Berlin""#,
        "sensor.rawdata[airquality.particulate]==40",
        r#"parkingTickets[value]=="Overstay 60\nminutes""#,
        "gender==Male",
        "sensor{humidity}==40",
        "sensor{Device:humidity}==40",
        "sensor{Device,Probe:owner{name.lang[ja-Kana]}}",
        r#"color=="black","red""#,
        "temperature!=10..20",
        r#"color[*]=="red""#,
        "color==http://example.com/red",
        r#"name~="^Eif.*";!closed"#,
        r#"name!~="a\"b""#,
        "opens>08:30:00Z|day==2026-11-22..2026-11-30",
        "a==true;b!=false",
        "ex:speed>1;<https://example.org/a-b>.unit=={}".split(".unit").next().unwrap_or_default(),
        r#"a["x.y".z]==1"#,
        "速度>50",
    ] {
        assert_eq!(q(text).to_string(), text);
    }
}

#[test]
fn other_spellings_are_written_in_one_way() {
    for (text, written) in [
        (r#"((speed>50|rpm>3000);brandName=="Mercedes")"#, r#"(speed>50|rpm>3000);brandName=="Mercedes""#),
        ("(temperature>=20;temperature<=25)|capacity<=10", "temperature>=20;temperature<=25|capacity<=10"),
        (r#"color!= "black", "red""#, r#"color!="black","red""#),
        ("a|(b|(c))", "a|b|c"),
        ("a==1E2", "a==100.0"),
        ("t==2020-01-01T00:00:00,5Z", "t==2020-01-01T00:00:00.500Z"),
        (r#"a=="\u0041""#, r#"a=="A""#),
        ("name~=^(a|b;c)[)|;]$;x", r#"name~="^(a|b;c)[)|;]$";x"#),
        ("name~=a|b", r#"name~="a"|b"#),
        ("(name~=a)", r#"name~="a""#),
    ] {
        assert_eq!(q(text).to_string(), written);
    }
}

#[test]
fn names_are_expanded_and_members_known() {
    let values = ValueExpansion {
        expand_values: NameList::parse("expandValues", "gender,plan").unwrap(),
        json_keys: NameList::parse("jsonKeys", "plan").unwrap(),
    };
    let query = q("gender==Male;person.gender!=\"Male\",Female;plan==Big;a.observedAt;b{T:c[d]}")
        .expand_with_values(&expanded, &values)
        .unwrap();
    assert_eq!(
        query.to_string(),
        "<ex:gender>==Male,ex:Male;<ex:person>.<ex:gender>!=\"Male\",Female,ex:Male,ex:Female;\
         <ex:plan>==Big;<ex:a>.observedAt;<ex:b>{<ex:T>:<ex:c>[d]}"
    );
    assert_eq!(query.link_depth(), 1);
    assert!(query.names_an_attribute());
    assert!(!q("createdAt>2020-01-01T00:00:00Z").expand_with_values(&expanded, &values).unwrap().names_an_attribute());
    let refused = q("a;b").expand(&|name| if name == "b" { Err(name.to_owned()) } else { expanded(name) });
    assert_eq!(refused, Err("b".to_owned()));
}
