//! One page of a bucket's keys.

use std::sync::Arc;

use crate::s3::store::{Bucket, Object};

/// What a page is asked for.
#[derive(Debug)]
pub(super) struct Query<'a> {
    pub(super) prefix: &'a str,
    pub(super) delimiter: Option<&'a str>,
    /// Keys up to this one are left out.
    pub(super) after: Option<&'a str>,
    /// The last entry of the page before, a key or a common prefix.
    pub(super) resume: Option<&'a str>,
    pub(super) limit: usize,
}

/// One page of a bucket's keys.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// Where the next page resumes, if there is more.
    pub(super) next: Option<String>,
}

/// A key, or all the keys with a common prefix.
#[derive(Debug)]
pub(super) enum Entry {
    Object(Arc<Object>),
    Prefix(String),
}

impl Page {
    pub(super) fn of(bucket: &Bucket, query: &Query<'_>) -> Self {
        let mut page = Self::default();
        if query.limit == 0 {
            return page;
        }
        let mark = query.resume.or(query.after).unwrap_or_default();
        bucket.scan(query.prefix.max(mark), |object| {
            let Some(rest) = object.key.strip_prefix(query.prefix) else {
                return false;
            };
            let common = query.common_prefix(rest);
            let name = common.as_deref().unwrap_or(&object.key);
            let seen = query
                .after
                .is_some_and(|after| object.key.as_str() <= after)
                || query.resume == Some(name)
                || page
                    .entries
                    .last()
                    .is_some_and(|entry| entry.name() == name);
            if seen {
                return true;
            }
            if page.entries.len() == query.limit {
                page.next = page.entries.last().map(|entry| entry.name().to_owned());
                return false;
            }
            page.entries.push(match common {
                Some(prefix) => Entry::Prefix(prefix),
                None => Entry::Object(Arc::clone(object)),
            });
            true
        });
        page
    }
}

impl Query<'_> {
    fn common_prefix(&self, rest: &str) -> Option<String> {
        let delimiter = self.delimiter?;
        let end = rest.find(delimiter)? + delimiter.len();
        Some(format!("{}{}", self.prefix, &rest[..end]))
    }
}

impl Entry {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Object(object) => &object.key,
            Self::Prefix(prefix) => prefix,
        }
    }
}
