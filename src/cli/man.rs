//! `ctstats man`: the manual pages, from the definitions of the flags.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Command, CommandFactory, ValueHint};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use ctstats::output::is_stdout;
use ctstats::units::escaped;

use super::place::{self, Kind};
use super::{Cli, finish, open};

const EXAMPLES: &str = "\
Examples:
  Read the main page, and that of a command:
    ctstats man | man -l -
    ctstats man -o pages && man ./pages/ctstats-leaks.1
  Install them all for yourself; then `man ctstats-leaks` finds them:
    ctstats man -o ~/.local/share/man/man1";

/// Write the manual: the main page, or a page for each command into a folder.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ManArgs {
    /// Write all pages into DIR, which is made if it is not there: ctstats.1, ctstats-leaks.1 and so
    /// on. Without it the main page goes to standard output.
    #[arg(long, short, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = super::OUTPUT)]
    output: Option<PathBuf>,
    /// Replace files in DIR even if they are dumps, or read-only.
    #[arg(long, help_heading = super::OUTPUT)]
    force: bool,
}

impl ManArgs {
    pub(super) fn run(self) -> Result<()> {
        let mut cli = Cli::command();
        cli.build();
        match &self.output {
            Some(folder) if !is_stdout(folder) => self.write_all(&cli, folder),
            _ => write_page(&page(&cli)?, Path::new("-")),
        }
    }

    /// Writes a page for the program and for each of its commands.
    fn write_all(&self, cli: &Command, folder: &Path) -> Result<()> {
        let name = escaped(&folder.display().to_string()).into_owned();
        if let Err(error) = std::fs::create_dir_all(folder) {
            bail!("{name}: the folder cannot be made: {error}");
        }
        let mut pages = vec![(folder.join("ctstats.1"), page(cli)?)];
        for command in cli.get_subcommands() {
            let name = format!("ctstats-{}.1", command.get_name());
            pages.push((folder.join(name), page(command)?));
        }
        let writes: Vec<(&Path, Kind)> = pages
            .iter()
            .map(|(path, _)| (path.as_path(), Kind::Report))
            .collect();
        place::refuse_losses(&[], &writes, self.force)?;
        for (path, text) in pages {
            write_page(&text, &path)?;
        }
        Ok(())
    }
}

fn write_page(text: &str, path: &Path) -> Result<()> {
    let mut out = open(path)?;
    out.write_all(text.as_bytes())?;
    finish(out, path)
}

/// The page of a command. What its help ends with is laid out here: clap_mangen would run the lines
/// of the examples together.
fn page(command: &Command) -> Result<String> {
    let end = command.get_after_help().map(ToString::to_string);
    let bare = command
        .clone()
        .after_help(None::<&str>)
        .version(None::<&str>);
    let man = Man::new(bare);
    let mut text = Vec::new();
    man.render(&mut text)?;
    let mut text = String::from_utf8(text).context("clap writes text")?;
    // Two breaks without a line between them make no empty line everywhere.
    text = text.replace("\n.br\n\n.br\n", "\n.sp\n");
    text = with_title(&text, man.get_filename().trim_end_matches(".1"));
    let mut roff = Roff::new();
    for paragraph in end.unwrap_or_default().split("\n\n") {
        section(&mut roff, paragraph);
    }
    if !command.has_subcommands() {
        roff.control("SH", ["SEE ALSO"]);
        roff.text([bold("ctstats"), roman("(1)")]);
    }
    // It begins with definitions that the page has already.
    let end = roff.render();
    let start = end.find(".SH").unwrap_or(end.len());
    Ok(text + &end[start..])
}

/// The page with a title line whose date is empty, as a page that depends on nothing but its source
/// needs it. clap_mangen writes no date at all, and so moves the version into its place.
fn with_title(text: &str, name: &str) -> String {
    let (name, version) = (name.to_uppercase(), env!("CARGO_PKG_VERSION"));
    let title = format!(".TH {name} 1 \"\" \"ctstats {version}\" \"User Commands\"");
    let line = |line| match line {
        line if str::starts_with(line, ".TH ") => title.clone() + "\n",
        line => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// A section for a paragraph of the help. Indented lines below a title are kept as they stand.
fn section(roff: &mut Roff, paragraph: &str) {
    let (first, others) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
    if let Some(title) = first.strip_suffix(':')
        && others.lines().all(|line| line.starts_with("  "))
    {
        roff.control("SH", [title.to_uppercase().as_str()]);
        roff.control("nf", []);
        for line in others.lines() {
            roff.text([roman(&line[2..])]);
        }
        roff.control("fi", []);
        return;
    }
    let (title, prose) = match paragraph.strip_prefix("Exit status: ") {
        Some(prose) => ("EXIT STATUS", prose),
        None => ("NOTES", paragraph),
    };
    roff.control("SH", [title]);
    for line in prose.lines() {
        roff.text([roman(line)]);
    }
}
