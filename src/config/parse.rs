//! Parsers that several sections share. Each refuses with a reason that completes "got … (reason)".

use std::fmt::Display;
use std::time::Duration;

use chrono::TimeDelta;

/// Shape of [`seconds`].
pub const SECONDS: &str = "a whole number of seconds, at least 1";
/// Shape of [`count`].
pub const COUNT: &str = "a whole number from 1 to 65535";
/// Shape of [`days`].
pub const DAYS: &str = "a whole number of days, 0 to 65535";
/// Shape of [`switch`].
pub const SWITCH: &str = "`on` or `off`";

/// A duration of at least one second.
pub fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<u32>() {
        Ok(0) => Err("it is zero".to_owned()),
        Ok(seconds) => Ok(Duration::from_secs(seconds.into())),
        Err(error) => Err(error.to_string()),
    }
}

/// How many of something: at least one.
pub fn count(text: &str) -> Result<usize, String> {
    match text.parse::<u16>() {
        Ok(0) => Err("it is zero".to_owned()),
        Ok(count) => Ok(count.into()),
        Err(error) => Err(error.to_string()),
    }
}

/// A time in days, perhaps none.
pub fn days(text: &str) -> Result<TimeDelta, String> {
    match text.parse::<u16>() {
        Ok(days) => Ok(TimeDelta::days(days.into())),
        Err(error) => Err(error.to_string()),
    }
}

/// `on` or `off`.
pub fn switch(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("neither of them"),
    }
}

/// Items separated by commas; blanks around them do not count.
pub fn list<T, E: Display>(
    item: impl Fn(&str) -> Result<T, E>,
) -> impl Fn(&str) -> Result<Vec<T>, String> {
    move |text| {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| item(part).map_err(|reason| format!("{part:?}: {reason}")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_no_duration_and_no_count() {
        assert_eq!(seconds("1"), Ok(Duration::from_secs(1)));
        assert!(seconds("0").is_err());
        assert_eq!(count("1"), Ok(1));
        assert!(count("0").is_err());
    }

    #[test]
    fn a_list_names_the_item_that_is_wrong() {
        let numbers = list(str::parse::<u8>);
        assert_eq!(numbers(" 1, 2,"), Ok(vec![1, 2]));
        let reason = numbers("1,x").unwrap_err();
        assert!(reason.starts_with("\"x\": "), "{reason}");
    }
}
