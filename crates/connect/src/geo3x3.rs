//! Geo3x3, a code of places by which Japanese open data names them: `E` or `W`, then one digit for each
//! division of the square into nine, counted from the south-west as on a number pad.

/// The longitude and latitude of the middle of a code's square.
pub(crate) fn decode(code: &str) -> Option<(f64, f64)> {
    let mut characters = code.chars();
    let west = match characters.next()? {
        'E' => 0.0,
        'W' => 180.0,
        _ => return None,
    };
    let (mut unit, mut longitude, mut from_south) = (180.0, 0.0, 0.0);
    let digits = characters.as_str();
    if digits.is_empty() || digits.len() > 40 {
        return None;
    }
    for digit in digits.chars() {
        let place = digit.to_digit(10)?.checked_sub(1)?;
        unit /= 3.0;
        longitude += f64::from(place % 3) * unit;
        from_south += f64::from(place / 3) * unit;
    }
    Some((round(longitude + unit / 2.0 - west), round(from_south + unit / 2.0 - 90.0)))
}

/// Seven digits are a centimetre; more would only show the arithmetic.
fn round(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_name_places() {
        let (longitude, latitude) = decode("E9139659937288").unwrap();
        assert!(
            (longitude - 139.745_433).abs() < 1e-3 && (latitude - 35.658_58).abs() < 1e-3,
            "{longitude} {latitude}"
        );
        let (longitude, latitude) = decode("W5").unwrap();
        assert!((longitude + 90.0).abs() < 1e-6 && latitude.abs() < 1e-6);
        for bad in ["", "E", "5", "E0", "Ex", "E1e"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
