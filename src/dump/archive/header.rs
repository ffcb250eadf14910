//! The header of an archive: versions, time, database.

use super::wire::Wire;
use crate::error::Broken;

/// The oldest version whose table of contents we read (`pg_dump` 8.0), and the newest (17 and 18).
pub(super) const KNOWN: std::ops::RangeInclusive<(u8, u8)> = (1, 10)..=(1, 16);

/// What an archive says before its table of contents.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) version: (u8, u8),
    /// What follows the version; none when the version is not known.
    pub(super) rest: Option<Rest>,
}

#[derive(Debug)]
pub(super) struct Rest {
    /// 1 is a custom archive; 3 is a tar archive, and also the `toc.dat` of a directory.
    pub(super) format: u8,
    pub(super) compression: &'static str,
    pub(super) created: Option<String>,
    pub(super) database: Option<String>,
    pub(super) server_version: Option<String>,
    pub(super) pg_dump_version: Option<String>,
}

pub(super) fn read(wire: &mut Wire<'_>) -> Result<Header, Broken> {
    for expected in super::MAGIC {
        if wire.byte()? != *expected {
            return Err(wire.nonsense("it does not start with \"PGDMP\""));
        }
    }
    let version = (wire.byte()?, wire.byte()?);
    wire.byte()?; // the revision, always 0
    let rest = if KNOWN.contains(&version) {
        Some(rest(wire, version)?)
    } else if version.0 == 1 {
        None
    } else {
        return Err(wire.nonsense(&format!("its version is {}.{}", version.0, version.1)));
    };
    Ok(Header { version, rest })
}

fn rest(wire: &mut Wire<'_>, version: (u8, u8)) -> Result<Rest, Broken> {
    let (int, offset) = (wire.byte()?, wire.byte()?);
    wire.sizes(int, offset)?;
    let format = wire.byte()?;
    Ok(Rest {
        format,
        compression: compression(wire, version)?,
        created: created(wire)?,
        database: wire.text()?,
        server_version: wire.text()?,
        pg_dump_version: wire.text()?,
    })
}

fn compression(wire: &mut Wire<'_>, version: (u8, u8)) -> Result<&'static str, Broken> {
    if version < (1, 15) {
        // A level: -1 is zlib's own choice.
        return match wire.int()? {
            0 => Ok("none"),
            -1..=9 => Ok("gzip"),
            level => Err(wire.nonsense(&format!("its compression level is {level}"))),
        };
    }
    match wire.byte()? {
        0 => Ok("none"),
        1 => Ok("gzip"),
        2 => Ok("lz4"),
        3 => Ok("zstd"),
        other => Err(wire.nonsense(&format!("its compression is {other}"))),
    }
}

/// The years in which a dump may have been written: clocks that were never set begin in 1970.
const YEARS: std::ops::RangeInclusive<i64> = 1970..=2200;

/// The writer's local time, as `2026-11-23T00:00:00`; none when the figures are no time.
fn created(wire: &mut Wire<'_>) -> Result<Option<String>, Broken> {
    let mut figures = [0; 7];
    for figure in &mut figures {
        *figure = wire.int()?;
    }
    let [second, minute, hour, day, month, year, _summer] = figures;
    if !YEARS.contains(&(year + 1900)) {
        return Err(wire.nonsense(&format!("it was written in the year {}", year + 1900)));
    }
    let small = |figure| i8::try_from(figure).ok();
    let time = || {
        jiff::civil::DateTime::new(
            i16::try_from(year + 1900).ok()?,
            small(month + 1)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            small(second)?,
            0,
        )
        .ok()
    };
    Ok(time().map(|time| time.to_string()))
}
