//! What is uploaded.

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, ValueEnum};
use sealift::put::{Filter, Pattern, PatternError, Rule, Selection, Symlinks};

use crate::cli::{ExitStatus, Failure};

/// What is uploaded.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Select {
    /// Upload what is below directories
    #[arg(short, long)]
    recursive: bool,

    #[command(flatten)]
    rules: Rules,

    /// What to do about links below directories: follow, skip or error
    ///
    /// `follow` follows those that stay inside the directory that was given; one that leads out of
    /// it is left out, and told; one that leads back to a directory above it is an error. `skip`
    /// leaves links out, `error` makes each of them an error. A link that is itself a source is
    /// always followed.
    #[arg(
        long,
        value_enum,
        value_name = "POLICY",
        default_value_t = Links::Follow,
        hide_possible_values = true
    )]
    symlinks: Links,

    /// Say what would be uploaded; nothing is sent
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Links {
    Follow,
    Skip,
    Error,
}

/// `--include` and `--exclude` in the order in which they were written, which derived options
/// would lose.
#[derive(Clone, Debug, Default)]
struct Rules(Vec<Rule>);

impl Select {
    pub(crate) fn selection(&self) -> Result<Selection, Failure> {
        let filter = Filter::new(self.rules.0.iter().cloned())?;
        if filter.begins_in_vain() {
            tracing::warn!(
                "all files are included to begin with: an --include changes something only after an --exclude"
            );
        }
        Ok(Selection {
            recursive: self.recursive,
            filter,
            symlinks: match self.symlinks {
                Links::Follow => Symlinks::Follow,
                Links::Skip => Symlinks::Skip,
                Links::Error => Symlinks::Error,
            },
        })
    }
}

const INCLUDE: &str = "include";
const EXCLUDE: &str = "exclude";

impl clap::Args for Rules {
    fn augment_args(command: Command) -> Command {
        let rule = |name: &'static str| {
            Arg::new(name)
                .long(name)
                .value_name("GLOB")
                .action(ArgAction::Append)
                .value_parser(str::parse::<Pattern>)
        };
        command
            .arg(
                rule(EXCLUDE)
                    .help("Leave out files whose name matches; may be repeated")
                    .long_help(
                        "Leave out files whose name matches; may be repeated\n\n\
                         Names are relative to the source. `*` matches any characters, `/` among \
                         them; `?` matches one, `[a-z]` one of those, `[!a-z]` one of the others. \
                         Of --exclude and --include the last that matches decides; all files are \
                         included to begin with.",
                    ),
            )
            .arg(
                rule(INCLUDE)
                    .help("Take files whose name matches in spite of an --exclude before it"),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Rules {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let rules = |name, rule: fn(Pattern) -> Rule| {
            let places = matches.indices_of(name).into_iter().flatten();
            let patterns = matches.get_many::<Pattern>(name).into_iter().flatten();
            places.zip(patterns.cloned().map(rule))
        };
        let mut all: Vec<_> = rules(INCLUDE, Rule::Include)
            .chain(rules(EXCLUDE, Rule::Exclude))
            .collect();
        all.sort_by_key(|(place, _)| *place);
        Ok(Self(all.into_iter().map(|(_, rule)| rule).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl From<PatternError> for Failure {
    fn from(error: PatternError) -> Self {
        Self::new(ExitStatus::Usage, error)
    }
}
