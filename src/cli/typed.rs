//! What is typed otherwise than ctstats reads it: flags under the names that other tools have for
//! them, and limits that are not whole.

use std::ffi::OsString;
use std::path::Path;
use std::str::FromStr;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use ctstats::select::Limit;
use ctstats::units::{escaped, thousands};

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
    /// Reads the arguments. A file in place of a command means its overview.
    pub(crate) fn read() -> Result<Cli, clap::Error> {
        let mut typed: Vec<OsString> = std::env::args_os().collect();
        let mut read = Cli::try_parse_from(&typed);
        if let Err(error) = &read
            && error.kind() == ErrorKind::InvalidSubcommand
        {
            let Some(at) = place_of_command(&typed) else {
                return read;
            };
            if typed[at] != "-" && !Path::new(&typed[at]).exists() {
                return Err(neither(error, &typed[at].to_string_lossy()));
            }
            typed.insert(at, "overview".into());
            read = Cli::try_parse_from(&typed);
        }
        read.map_err(|mut error| {
            if let Some(command) = command_of_one_dump(&error, &typed) {
                return command;
            }
            if let Some((flag, usage)) = meant(&error, &typed) {
                let flag = ContextValue::String(flag.into());
                error.insert(ContextKind::SuggestedArg, flag);
                error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
            }
            error
        })
    }
}

/// Where the command stands among the arguments: those before it are flags without values.
fn place_of_command(typed: &[OsString]) -> Option<usize> {
    let is_flag = |word: &OsString| word.to_string_lossy().starts_with('-') && word != "-";
    let behind = typed.iter().skip(1).position(|word| !is_flag(word))?;
    Some(behind + 1)
}

/// The error of a word that is no command and no file, with the commands that are spelt alike.
fn neither(error: &clap::Error, word: &str) -> clap::Error {
    let word = escaped(word);
    let mut text = format!("no command and no file is called '{word}'");
    if let Some(ContextValue::Strings(similar)) = error.get(ContextKind::SuggestedSubcommand)
        && !similar.is_empty()
    {
        let similar: Vec<String> = similar.iter().map(|one| format!("'{one}'")).collect();
        text += &format!("\n\n  tip: a similar command is {}", similar.join(", "));
    }
    Cli::command().error(ErrorKind::InvalidSubcommand, text)
}

/// The error of one file too many: the answer of one dump is none of several, so it says what is.
fn command_of_one_dump(error: &clap::Error, typed: &[OsString]) -> Option<clap::Error> {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let command = typed[place_of_command(typed)?].to_string_lossy();
    let is_file = error.kind() == ErrorKind::UnknownArgument && Path::new(unknown).exists();
    if !["print", "overview", "info", "html"].contains(&&*command) {
        return None;
    }
    is_file.then(|| {
        let text = format!(
            "{command} is about one dump, and '{}' is one too many; leaks, summary and sites answer \
             several, and `ctstats trend` reads many and names the dump to look at",
            escaped(unknown)
        );
        Cli::command().error(ErrorKind::UnknownArgument, text)
    })
}

/// The flag of the command that is known elsewhere by the name that it does not know, and the
/// command's usage, in which clap names what it took for meant.
fn meant(error: &clap::Error, typed: &[OsString]) -> Option<(&'static str, StyledStr)> {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let (_, flag) = OTHER_NAMES.iter().find(|(name, _)| name == unknown)?;
    let mut cli = Cli::command();
    cli.build();
    let command = cli.find_subcommand_mut(&typed[place_of_command(typed)?])?;
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
