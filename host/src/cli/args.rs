//! The command line's grammar.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand};

use sealift::put::Destination;

use super::call::Call;
use super::component::Component;
use super::exec::Exec;
use super::key::Key;
use super::manual::{Completions, Man};
#[cfg(feature = "provision")]
use super::provision::Provision;
use super::put::Put;
use super::queue::Queue;
use super::release::Release;
use super::update::Update;

/// Moves files from a gateway into AWS with nothing but its device certificate.
///
/// The logic that fetches credentials, signs and uploads is a WebAssembly component in a
/// sandbox; the device key never enters it.
#[derive(Debug, Parser)]
#[command(name = "sealift", version, arg_required_else_help = true, after_help = EXIT_STATUS)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_STATUS: &str = "Exit status: 0 done; 1 the work failed; 2 wrong usage or configuration; \
    75 a temporary failure worth trying again later.";

/// What every command understands.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// Configuration file [default: `$SEALIFT_CONFIG`, ./sealift.toml, /etc/sealift/sealift.toml]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,

    /// Run this component instead of the built-in one
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) component: Option<PathBuf>,

    /// Print one JSON object per result on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Say more on standard error; twice for details
    #[arg(short, long, action = ArgAction::Count, global = true)]
    pub(crate) verbose: u8,

    /// Print nothing but errors, and what --json asks for
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole story on this machine: stand-in AWS, device, credentials, upload, refusals
    #[cfg(feature = "local-cloud")]
    Demo,

    /// Run the stand-in AWS in the foreground, until SIGINT or SIGTERM
    #[cfg(feature = "local-cloud")]
    LocalCloud(LocalCloud),

    /// Upload files
    Put(Box<Put>),

    /// List or abort multipart uploads that were begun and never ended
    #[command(subcommand)]
    Unfinished(Unfinished),

    /// Print temporary credentials as the JSON of `credential_process`
    Credentials,

    /// Send a signed request to any AWS service, and print the answer
    Call(Box<Call>),

    /// Run the gateway service, until SIGTERM or SIGINT; SIGHUP reads the configuration again
    Run,

    /// Run a program that gets credentials by itself, as SDKs of AWS and the AWS CLI do
    Exec(Exec),

    /// Look at the service's queue, add to it and change it; whether the service runs or not
    #[command(subcommand)]
    Queue(Queue),

    /// Make signed releases, for devices to update themselves with: the publisher's side
    #[command(subcommand)]
    Release(Release),

    /// Make what devices need in an AWS account, and undo it: the administrator's side
    #[cfg(feature = "provision")]
    #[command(subcommand)]
    Provision(Provision),

    /// Show, make and replace the device's key and certificate
    #[command(subcommand)]
    Key(Key),

    /// Look at components, and say which one runs
    #[command(subcommand)]
    Component(Component),

    /// Take the newest signed release, and try it out with the next uploads
    Update(Update),

    /// Print what lets a shell complete commands and options
    Completions(Completions),

    /// Print the manual page, or write those of all commands into a directory
    Man(Man),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Unfinished {
    /// List unfinished uploads, at most 1000
    List {
        /// Where to look: a bucket, or a prefix in it
        #[arg(value_name = "s3://BUCKET/PREFIX")]
        place: Destination,
    },

    /// Abort unfinished uploads; their parts are gone afterwards
    Abort(Abort),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Abort {
    /// The object; with --older-than, a key that ends in `/` stands for all objects under it
    #[arg(value_name = "s3://BUCKET/KEY")]
    pub(crate) place: Destination,

    #[command(flatten)]
    pub(crate) which: Which,
}

/// Which uploads: exactly one of these.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// The one with this id
    #[arg(long, value_name = "ID")]
    pub(crate) upload_id: Option<String>,

    /// All that were begun so long ago, such as `7days` or `12h`
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub(crate) older_than: Option<std::time::Duration>,
}

#[cfg(feature = "local-cloud")]
#[derive(Debug, clap::Args)]
pub(crate) struct LocalCloud {
    /// Where certificates, configuration and objects go; used again if it exists
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = address)]
    pub(crate) listen: std::net::IpAddr,

    /// A bucket to make, beside `demo`, perhaps in another region; may be repeated
    #[arg(long = "bucket", value_name = "NAME[@REGION]")]
    pub(crate) buckets: Vec<localcloud::Bucket>,

    /// How long credentials are good
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub(crate) credential_ttl: u64,

    /// How far the stand-in's clock is ahead of this machine's (behind, if negative)
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "0",
        allow_negative_numbers = true
    )]
    pub(crate) clock_offset: localcloud::ClockOffset,

    /// What the handed-out role may do, such as `s3:PutObject` [default: everything]
    #[arg(long, value_name = "ACTION", num_args = 1.., value_delimiter = ',')]
    pub(crate) allow: Vec<localcloud::Action>,

    /// What goes wrong on purpose, as OPERATION:KIND[=VALUE][,OPTION=VALUE…]; may be repeated
    ///
    /// OPERATION is an API name such as `UploadPart`, `GetCredentials`, or `*`.
    ///
    /// KIND is one of: `status=503`, `late-error=500` (both with `code=`, `retry-after=SECONDS`),
    /// `reset=BYTES`, `stall=TIME` (with `bytes=`), `slow=TIME`, `truncate`, `error-in-200`,
    /// `expired-token`, `lost`, `repeat`, `corrupt`, `skew=SECONDS`.
    ///
    /// When: `p=0.1`, `times=N`, `after=N`, `every=N`, `seed=N`, `for=TIME,each=TIME`.
    ///
    /// For instance `UploadPart:status=503,p=0.1`, `UploadPart:reset=3MiB,every=5`,
    /// `CompleteMultipartUpload:lost,times=1`, `*:status=503,for=2,each=10`.
    /// docs/local-cloud.md tells what each of them does.
    #[arg(long = "fault", value_name = "SPEC")]
    pub(crate) faults: Vec<localcloud::Fault>,
}

/// An address, an IPv6 one with or without the brackets that it has in URLs.
#[cfg(feature = "local-cloud")]
fn address(text: &str) -> Result<std::net::IpAddr, std::net::AddrParseError> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(text).parse()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn an_upload_to_abort_is_named_by_its_id_or_by_its_age() {
        let abort = |rest: &[&str]| {
            let command = ["sealift", "unfinished", "abort", "s3://bucket/key"];
            Args::try_parse_from(command.iter().chain(rest)).map_err(|error| error.kind())
        };
        assert!(abort(&["--upload-id", "u"]).is_ok());
        assert!(abort(&["--older-than", "7days"]).is_ok());
        let missing = clap::error::ErrorKind::MissingRequiredArgument;
        assert_eq!(abort(&[]).map(drop), Err(missing));
        let conflict = clap::error::ErrorKind::ArgumentConflict;
        let both = abort(&["--upload-id", "u", "--older-than", "7days"]);
        assert_eq!(both.map(drop), Err(conflict));
    }

    #[test]
    fn the_grammar_is_sound() {
        Args::command().debug_assert();
    }
}
