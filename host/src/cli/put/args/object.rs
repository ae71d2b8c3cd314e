//! What an object is besides its bytes.

use std::path::Path;

use clap::ValueEnum;
use sealift::put::{Input, Item};
use sealift::sandbox::{Options, Setting};

use super::dates::Date;
use super::misfit::Misfit;
use super::pairs::{self, Metadatum, Tag};
use super::text::{FieldValue, MediaType, StorageClass};
use super::word;

/// What objects are besides their bytes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Object")]
pub(crate) struct Object {
    /// Content-Type [default: guessed from the name]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<MediaType>,

    /// Leave the content type to S3 (binary/octet-stream)
    #[arg(long, conflicts_with = "content_type")]
    no_guess_mime_type: bool,

    /// Cache-Control
    #[arg(long, value_name = "VALUE")]
    cache_control: Option<FieldValue>,

    /// Content-Disposition
    #[arg(long, value_name = "VALUE")]
    content_disposition: Option<FieldValue>,

    /// Content-Encoding; the bytes are sent as they are
    #[arg(long, value_name = "VALUE")]
    content_encoding: Option<FieldValue>,

    /// Content-Language
    #[arg(long, value_name = "VALUE")]
    content_language: Option<FieldValue>,

    /// Expires: 2027-01-31T12:00:00Z, or as HTTP writes dates
    #[arg(long, value_name = "DATE")]
    expires: Option<Date>,

    /// Metadata; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    metadata: Vec<Metadatum>,

    /// A tag; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE")]
    tags: Vec<Tag>,

    /// Such as `STANDARD_IA`, `GLACIER_IR` or `DEEP_ARCHIVE`
    #[arg(long, value_name = "CLASS")]
    storage_class: Option<StorageClass>,

    /// A canned ACL
    #[arg(long, value_enum, value_name = "ACL", hide_possible_values = true)]
    acl: Option<Acl>,

    /// Keep the object from being deleted: GOVERNANCE or COMPLIANCE
    #[arg(
        long = "object-lock-mode",
        value_enum,
        value_name = "MODE",
        ignore_case = true,
        hide_possible_values = true,
        requires = "lock_until"
    )]
    lock_mode: Option<LockMode>,

    /// Until when
    #[arg(
        long = "object-lock-retain-until",
        value_name = "DATE",
        requires = "lock_mode"
    )]
    lock_until: Option<Date>,

    /// Put the object under a legal hold
    #[arg(
        long,
        value_enum,
        value_name = "ON|OFF",
        ignore_case = true,
        hide_possible_values = true
    )]
    legal_hold: Option<LegalHold>,
}

/// S3's canned ACLs of objects:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Acl {
    Private,
    PublicRead,
    PublicReadWrite,
    AuthenticatedRead,
    AwsExecRead,
    BucketOwnerRead,
    BucketOwnerFullControl,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "UPPER")]
enum LockMode {
    Governance,
    Compliance,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "UPPER")]
enum LegalHold {
    On,
    Off,
}

impl Object {
    pub(crate) fn put_into(&self, options: &mut Options) -> Result<(), Misfit> {
        options.push_some("content-type", self.content_type.as_ref());
        options.push_some("cache-control", self.cache_control.as_ref());
        options.push_some("content-disposition", self.content_disposition.as_ref());
        options.push_some("content-encoding", self.content_encoding.as_ref());
        options.push_some("content-language", self.content_language.as_ref());
        options.push_some("expires", self.expires.map(Date::http));
        options.push_some(
            "metadata",
            pairs::metadata(&self.metadata).map_err(Misfit::Metadata)?,
        );
        options.push_some("tags", pairs::tags(&self.tags).map_err(Misfit::Tags)?);
        options.push_some("acl", self.acl.as_ref().map(word));
        options.push_some("storage-class", self.storage_class.as_ref());
        options.push_some("object-lock-mode", self.lock_mode.as_ref().map(word));
        let until = self.lock_until.and_then(Date::rfc3339);
        options.push_some("object-lock-retain-until", until);
        options.push_some("legal-hold", self.legal_hold.as_ref().map(word));
        Ok(())
    }

    /// The content type of one object, where its name tells it and nothing else does.
    pub(crate) fn guess(&self, item: &Item) -> Option<Setting> {
        if self.content_type.is_some() || self.no_guess_mime_type {
            return None;
        }
        let name = match &item.input {
            Input::File(path) => path,
            Input::Stdin => Path::new(&item.key),
        };
        let kind = mime_guess::from_path(name).first_raw()?;
        Some(Setting::new("content-type", kind))
    }
}
