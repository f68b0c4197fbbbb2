//! Figures, what they are compared with, and how they are shown.

mod goal;
mod machine;
mod markdown;
mod row;
mod sheet;
mod store;
mod summary;
mod table;

pub(crate) use self::goal::Goal;
pub(crate) use self::machine::{Machine, Steal, cores};
pub(crate) use self::markdown::{markdown, put_between_marks};
pub(crate) use self::row::{Found, Run};
pub(crate) use self::sheet::Sheet;
pub(crate) use self::store::{clear, load_all, one_run, save};
pub(crate) use self::summary::summary;
pub(crate) use self::table::table;

/// A figure with as many digits as it can bear: three significant ones.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    let digits = match size {
        size if size >= 99.95 || size == 0.0 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.9995 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    if digits > 0 {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let (sign, whole) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_three_digits_that_mean_something() {
        let shown = [12_345.6, 123.4, 12.34, 1.234, 0.1234, 0.0, 2.0, -1_234.0].map(number);
        assert_eq!(shown, ["12,346", "123", "12.3", "1.23", "0.123", "0", "2", "-1,234"]);
    }
}
