//! On what condition an object is made.

use clap::ValueEnum;
use sealift::sandbox::Options;

use super::text::{AccountId, EntityTag};
use super::word;

/// On what condition an object is made.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Conditions")]
pub(crate) struct Conditions {
    /// Send nothing where an object of the same size and checksum is already
    #[arg(long)]
    skip_existing: bool,

    /// Fail rather than replace an object
    #[arg(long, conflicts_with = "if_match")]
    no_overwrite: bool,

    /// Replace only the object that has this `ETag`
    #[arg(long, value_name = "ETAG")]
    if_match: Option<EntityTag>,

    /// Fail if the bucket is not this account's
    #[arg(long, value_name = "ACCOUNT")]
    expected_bucket_owner: Option<AccountId>,

    /// Agree to pay for the request: `requester`
    #[arg(
        long,
        value_enum,
        value_name = "PAYER",
        num_args = 0..=1,
        default_missing_value = "requester",
        hide_possible_values = true
    )]
    request_payer: Option<Payer>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Payer {
    Requester,
}

impl Conditions {
    pub(crate) fn put_into(&self, options: &mut Options) {
        options.push_switch("skip-existing", self.skip_existing);
        options.push_some("if-none-match", self.no_overwrite.then_some("*"));
        options.push_some("if-match", self.if_match.as_ref());
        options.push_some("expected-bucket-owner", self.expected_bucket_owner.as_ref());
        options.push_some("request-payer", self.request_payer.as_ref().map(word));
    }
}
