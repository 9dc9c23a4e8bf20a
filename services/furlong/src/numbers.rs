//! Numbers as text.
//!
//! Duty: floats that are read back bit by bit, and counts that people can read. Prohibition: no
//! money; amounts know their own text.

/// A float with 17 significant digits: enough that reading it gives the same bits. JSON, so
/// without infinities; there is no such result.
#[must_use]
pub fn exact_text(value: f64) -> String {
    let scientific = format!("{value:.16e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent @ -5..=15) => {
            let places = 16_i32.saturating_sub(exponent);
            let places = usize::try_from(places).unwrap_or(0);
            format!("{value:.places$}")
        }
        Ok(_) | Err(_) => format!("{mantissa}e{exponent}"),
    }
}

/// A JSON array of such floats.
#[must_use]
pub fn exact_list(values: &[f64]) -> String {
    let texts: Vec<String> = values.iter().map(|value| exact_text(*value)).collect();
    format!("[{}]", texts.join(","))
}

/// A count with thin groups: `1,234,567`.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len().saturating_sub(index);
        if index > 0 && left.checked_rem(3) == Some(0) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_where_it_can_be_read_scientific_where_not() {
        for (value, text) in [
            (0.5, "0.50000000000000000"),
            (0.0, "0.0000000000000000"),
            (1.0, "1.0000000000000000"),
            (-0.1, "-0.10000000000000001"),
            (12.25, "12.250000000000000"),
            (1e-9, "1.0000000000000001e-9"),
        ] {
            assert_eq!(exact_text(value), text);
        }
    }

    #[test]
    fn groups_of_three() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345_678, "12,345,678"),
        ] {
            assert_eq!(grouped(count), text);
        }
    }

    proptest! {
        #[test]
        fn reading_gives_the_same_bits(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            prop_assert_eq!(exact_text(value).parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
            prop_assert!(serde_json::from_str::<f64>(&exact_text(value)).is_ok());
        }
    }
}
