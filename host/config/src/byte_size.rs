//! Amounts of bytes.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

/// An amount of bytes, written `8MiB`, `64KiB` or, in plain bytes, `4096`.
///
/// Only binary units (IEC 80000-13) are understood. `MB` means a million bytes
/// to some and 2²⁰ to others; it is refused instead of guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(u64);

impl ByteSize {
    /// That many bytes.
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// That many KiB of 1024 bytes.
    pub const fn from_kib(kib: u32) -> Self {
        Self((kib as u64) << 10)
    }

    /// That many MiB of 1024 KiB.
    pub const fn from_mib(mib: u32) -> Self {
        Self((mib as u64) << 20)
    }

    /// The amount in bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        if number.is_empty() {
            return Err(ByteSizeError::NoNumber);
        }
        let unit = unit.trim_start();
        let Some((_, shift)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(ByteSizeError::Unit(unit.escape_debug().to_string()));
        };
        number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(1 << shift))
            .map(Self)
            .ok_or(ByteSizeError::TooLarge)
    }
}

/// The units, with the power of two that each is.
const UNITS: [(&str, u32); 6] = [
    ("", 0),
    ("B", 0),
    ("KiB", 10),
    ("MiB", 20),
    ("GiB", 30),
    ("TiB", 40),
];

/// Shows the largest unit that leaves no fraction, so that parsing gives the
/// same size again.
impl Display for ByteSize {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let whole = |shift: u32| self.0 != 0 && self.0.trailing_zeros() >= shift;
        let (unit, shift) = UNITS
            .into_iter()
            .rev()
            .find(|(_, shift)| whole(*shift))
            .unwrap_or(UNITS[0]);
        write!(f, "{}{unit}", self.0 >> shift)
    }
}

/// Not an amount of bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ByteSizeError {
    /// It does not begin with digits.
    #[error("a size is a whole number and a unit, such as 8MiB")]
    NoNumber,
    /// The unit is none of ours.
    #[error("`{0}` is no unit of size; use B, KiB, MiB, GiB or TiB")]
    Unit(String),
    /// It does not fit into 64 bits.
    #[error("the size is larger than 16 EiB")]
    TooLarge,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ByteSize, ByteSizeError};

    #[test]
    fn reads_every_unit() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("17B", 17),
            ("64KiB", 65_536),
            ("8 MiB", 8_388_608),
            ("2GiB", 2_147_483_648),
            ("1TiB", 1_099_511_627_776),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
    }

    #[test]
    fn refuses_decimal_units_fractions_and_overflow() {
        let parse = |text: &str| text.parse::<ByteSize>();
        assert_eq!(parse("8MB"), Err(ByteSizeError::Unit("MB".into())));
        assert_eq!(parse("1.5GiB"), Err(ByteSizeError::Unit(".5GiB".into())));
        assert_eq!(parse("-1"), Err(ByteSizeError::NoNumber));
        assert_eq!(parse(""), Err(ByteSizeError::NoNumber));
        assert_eq!(parse("16777216TiB"), Err(ByteSizeError::TooLarge));
        assert_eq!(parse("99999999999999999999"), Err(ByteSizeError::TooLarge));
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same_size(number in any::<u64>(), shift in 0..50u32) {
            let size = ByteSize(number >> shift << shift);
            prop_assert_eq!(size.to_string().parse(), Ok(size));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _: Result<ByteSize, _> = text.parse();
        }
    }
}
