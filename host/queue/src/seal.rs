//! A checksum of a row: SQLite checks the structure of its file, not the contents.

use crc_fast::CrcAlgorithm;
use rusqlite::types::ValueRef;

/// CRC-64/NVME of values, each with its type and length, so that no two rows are the same bytes.
pub(crate) fn seal<'a>(values: impl IntoIterator<Item = ValueRef<'a>>) -> i64 {
    let mut bytes = Vec::with_capacity(512);
    for value in values {
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
            ValueRef::Text(text) => append(&mut bytes, 3, text),
            ValueRef::Blob(blob) => append(&mut bytes, 4, blob),
        }
    }
    crc_fast::checksum(CrcAlgorithm::Crc64Nvme, &bytes).cast_signed()
}

fn append(bytes: &mut Vec<u8>, kind: u8, contents: &[u8]) {
    bytes.push(kind);
    bytes.extend(contents.len().to_le_bytes());
    bytes.extend(contents);
}
