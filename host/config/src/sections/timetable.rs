//! `[[network.timetable]]`: rates by the time of day.

use crate::section::Section;
use crate::value::Value;
use crate::{Error, Period, Timetable};

/// Reads all periods; none may overlap another.
pub(super) fn read(value: Value<'_>) -> Result<Timetable, Error> {
    let mut timetable = Timetable::default();
    for mut section in value.tables("network.timetable")? {
        let period = period(&mut section)?;
        let limit = section.required("limit_rate", Value::rate_limit)?;
        let added = timetable.add(period, limit);
        added.map_err(|overlap| section.error(overlap.to_string()))?;
        section.finish()?;
    }
    Ok(timetable)
}

/// Reads a part of the day, `from` and `to`.
pub(super) fn period(section: &mut Section<'_>) -> Result<Period, Error> {
    let from = section.required("from", Value::parse)?;
    let to = section.required("to", Value::parse)?;
    Period::new(from, to)
        .ok_or_else(|| section.error("the period is empty; all day is from \"00:00\" to \"24:00\""))
}
