//! A checksum of a row: SQLite checks the structure of its file, not the contents.

use crc_fast::CrcAlgorithm;
use rusqlite::types::ValueRef;

/// The checksum of values.
pub(crate) fn seal<'a>(values: impl IntoIterator<Item = ValueRef<'a>>) -> i64 {
    let mut bytes = Vec::with_capacity(512);
    for value in values {
        append(&mut bytes, value);
    }
    checksum(&bytes)
}

/// A value with its type and length, so that no two rows are the same bytes.
pub(crate) fn append(bytes: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => bytes.push(0),
        ValueRef::Integer(number) => {
            bytes.push(1);
            bytes.extend(number.to_le_bytes());
        }
        ValueRef::Real(number) => {
            bytes.push(2);
            bytes.extend(number.to_le_bytes());
        }
        ValueRef::Text(text) => append_all(bytes, 3, text),
        ValueRef::Blob(blob) => append_all(bytes, 4, blob),
    }
}

/// CRC-64/NVME.
pub(crate) fn checksum(bytes: &[u8]) -> i64 {
    crc_fast::checksum(CrcAlgorithm::Crc64Nvme, bytes).cast_signed()
}

fn append_all(bytes: &mut Vec<u8>, kind: u8, contents: &[u8]) {
    // The same on machines of 32 bits.
    let length = u64::try_from(contents.len()).unwrap_or(u64::MAX);
    bytes.push(kind);
    bytes.extend(length.to_le_bytes());
    bytes.extend(contents);
}
