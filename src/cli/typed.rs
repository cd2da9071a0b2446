//! What is typed otherwise than ctstats reads it: flags under the names that other tools have for
//! them, and limits that are not whole.

use std::str::FromStr;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser};

use ctstats::select::Limit;
use ctstats::units::thousands;

use super::{Cli, note};

/// Other names of flags, of head, top, ls and the like. clap suggests what is spelt alike, and
/// `--top` is spelt like `--output`. They are not aliases, which would be more names to keep.
const OTHER_NAMES: [(&str, &str); 10] = [
    ("--top", "--limit"),
    ("--head", "--limit"),
    ("--first", "--limit"),
    ("--max", "--limit"),
    ("--count", "--limit"),
    ("--number", "--limit"),
    ("-n", "--limit"),
    ("--columns", "--width"),
    ("--order", "--sort"),
    ("--desc", "--reverse"),
];

impl Cli {
    /// Reads the arguments.
    pub(crate) fn read() -> Result<Cli, clap::Error> {
        Cli::try_parse().map_err(|mut error| {
            if let Some((flag, usage)) = meant(&error) {
                let flag = ContextValue::String(flag.into());
                error.insert(ContextKind::SuggestedArg, flag);
                error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
            }
            error
        })
    }
}

/// The flag of the command that is known elsewhere by the name that it does not know, and the
/// command's usage, in which clap names what it took for meant.
fn meant(error: &clap::Error) -> Option<(&'static str, StyledStr)> {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    if error.kind() != clap::error::ErrorKind::UnknownArgument {
        return None;
    }
    let (_, flag) = OTHER_NAMES.iter().find(|(name, _)| name == typed)?;
    let mut cli = Cli::command();
    cli.build();
    let command = cli.find_subcommand_mut(std::env::args_os().nth(1)?)?;
    let is_it = |arg: &clap::Arg| arg.get_long() == flag.strip_prefix("--");
    let has_it = command.get_arguments().any(is_it);
    has_it.then(|| (*flag, command.render_usage()))
}

/// A limit as it is typed.
#[derive(Clone, Debug)]
pub(super) struct TypedLimit {
    limit: Limit,
    typed: String,
}

impl FromStr for TypedLimit {
    type Err = ctstats::Error;

    fn from_str(text: &str) -> Result<Self, ctstats::Error> {
        let (limit, typed) = (text.parse()?, text.into());
        Ok(TypedLimit { limit, typed })
    }
}

impl TypedLimit {
    /// The limit that is meant; where it is not what was typed, that is said.
    pub(super) fn get(self) -> Limit {
        if let Limit::Count(count) = self.limit
            && self
                .typed
                .parse::<f64>()
                .is_ok_and(|typed| typed.fract() > 0.0)
        {
            let count = thousands(count.into());
            note(&format!(
                "--limit {} keeps {count}: a number above 1 is rounded down, as Pympler does",
                self.typed
            ));
        }
        self.limit
    }
}
