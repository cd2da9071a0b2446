//! `ctstats completions`: a script with which a shell completes commands, flags and values.
//!
//! clap writes the scripts from the definitions of the flags. What it cannot know is added here:
//! that a dump may stand where a command stands, and then means its overview.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Arg, Args, CommandFactory, ValueEnum, ValueHint};
use clap_complete::generate;

use super::place::{self, Kind};
use super::{Cli, finish, open};

const EXAMPLES: &str = "\
Examples:
  bash, with the package bash-completion:
    mkdir -p ~/.local/share/bash-completion/completions
    ctstats completions bash -o ~/.local/share/bash-completion/completions/ctstats
  bash without it, in ~/.bashrc:
    source <(ctstats completions bash)
  zsh, with fpath=(~/.zfunc $fpath) before compinit in ~/.zshrc:
    mkdir -p ~/.zfunc
    ctstats completions zsh -o ~/.zfunc/_ctstats
  fish:
    mkdir -p ~/.config/fish/completions
    ctstats completions fish -o ~/.config/fish/completions/ctstats.fish
  PowerShell, in the file that $PROFILE names:
    ctstats completions powershell | Out-String | Invoke-Expression

A shell reads the script when it starts: open a new one.";

/// Write a script with which a shell completes commands, flags and values.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct CompletionsArgs {
    /// The shell that is to read it.
    #[arg(value_enum, value_name = "SHELL")]
    shell: ShellName,
    /// Write to FILE, which is replaced whole or not at all.
    #[arg(long, short, value_name = "FILE", help_heading = super::OUTPUT)]
    output: Option<PathBuf>,
    /// Replace FILE even if it is a dump, or read-only.
    #[arg(long, help_heading = super::OUTPUT)]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ShellName {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
}

impl CompletionsArgs {
    pub(super) fn run(self) -> Result<()> {
        let path = self.output.as_deref().unwrap_or(Path::new("-"));
        place::refuse_losses(&[], &[(path, Kind::Report)], self.force)?;
        let script = self.shell.script();
        let mut out = open(path)?;
        out.write_all(script.as_bytes())?;
        finish(out, path)
    }
}

impl ShellName {
    fn script(self) -> String {
        let mut cli = completed();
        let mut script = Vec::new();
        let shell = match self {
            ShellName::Bash => clap_complete::Shell::Bash,
            ShellName::Zsh => clap_complete::Shell::Zsh,
            ShellName::Fish => clap_complete::Shell::Fish,
            ShellName::PowerShell => clap_complete::Shell::PowerShell,
        };
        generate(shell, &mut cli, "ctstats", &mut script);
        let script = String::from_utf8(script).expect("clap writes text");
        let names: Vec<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
        match self {
            ShellName::Bash => bash(script, &names),
            ShellName::Zsh => zsh(script, &names),
            ShellName::Fish => fish(script, &names),
            // Where PowerShell gets no proposal, it proposes files.
            ShellName::PowerShell => script,
        }
    }
}

/// The command as scripts are to complete it: paths are files, so that the shell adds a slash to a
/// folder and quotes spaces.
fn completed() -> clap::Command {
    let files = |arg: Arg| match arg.get_value_hint() {
        ValueHint::AnyPath => arg.value_hint(ValueHint::FilePath),
        _ => arg,
    };
    let mut cli = Cli::command();
    // Values of flags are known to be paths only when the command is built.
    cli.build();
    cli.mut_args(files)
        .mut_subcommands(|command| command.mut_args(files))
}

/// The script with one piece of clap's replaced.
fn replace(script: String, piece: &str, by: &str) -> String {
    assert!(script.contains(piece), "clap's script has {piece:?}");
    script.replace(piece, by)
}

/// clap's function offers flags where a dump is expected. This one goes before it.
fn bash(script: String, names: &[&str]) -> String {
    let names = names.join("|");
    let own = format!(
        r#"
# Completes files where a dump is expected, too. A dump in place of a command means its overview.
_ctstats_or_dump() {{
    local at=1 is_first="" word offered=()
    while [[ ${{at}} -lt ${{COMP_CWORD}} && ${{COMP_WORDS[at]}} == -?* ]]; do
        at=$((at + 1))
    done
    if [[ ${{at}} -eq ${{COMP_CWORD}} ]]; then
        is_first=yes
    else
        case "${{COMP_WORDS[at]}}" in
            {names}) ;;
            *)
                COMP_WORDS=("${{COMP_WORDS[@]:0:at}}" overview "${{COMP_WORDS[@]:at}}")
                COMP_CWORD=$((COMP_CWORD + 1))
                ;;
        esac
    fi
    _ctstats "$@"
    if [[ $2 == -* ]]; then
        return
    fi
    for word in ${{COMPREPLY[@]+"${{COMPREPLY[@]}}"}}; do
        if [[ ${{word}} != -* ]]; then
            offered+=("${{word}}")
        fi
    done
    if [[ -n ${{is_first}} ]]; then
        while IFS= read -r word; do
            offered+=("${{word}}")
        done < <(compgen -f -- "$2")
        if [[ ${{BASH_VERSINFO[0]}} -ge 4 ]]; then
            compopt -o filenames 2>/dev/null
        fi
    fi
    # Where nothing is left, bash completes files.
    COMPREPLY=(${{offered[@]+"${{offered[@]}}"}})
}}

if [["#
    );
    let script = replace(
        script,
        "complete -F _ctstats ",
        "complete -F _ctstats_or_dump ",
    );
    replace(script, "\nif [[", &own)
}

fn zsh(script: String, names: &[&str]) -> String {
    let names = names.join("|");
    let own = format!(
        "(ctstats)
        # A dump in place of a command means its overview.
        if [[ $line[1] != ({names}) ]]; then
            words=($line[1] \"${{words[@]}}\")
            (( CURRENT += 1 ))
            line[1]=overview
        fi
"
    );
    let either = "\
_ctstats_commands_or_dump() {
    _ctstats_commands \"$@\"
    _files
}

if [ \"$funcstack[1]\"";
    let script = replace(
        script,
        ":_ctstats_commands\"",
        ":_ctstats_commands_or_dump\"",
    );
    let script = replace(script, "if [ \"$funcstack[1]\"", either);
    // With two colons zsh offers no flags behind the first of several dumps.
    let script = replace(script, "'*::dumps -- ", "'*:dumps -- ");
    replace(script, "(ctstats)\n", &own)
}

fn fish(script: String, names: &[&str]) -> String {
    let names = names.join(" ");
    let own = format!(
        "    # A dump in place of a command means its overview.
    contains -- $cmd[1] {names}
    or set cmd[1] overview
    contains -- $cmd[1] $argv
"
    );
    // -f keeps files away.
    let script = replace(script, "_needs_command\" -f -a", "_needs_command\" -a");
    // clap leaves out the values of what is no flag.
    let shells: Vec<String> = ShellName::value_variants()
        .iter()
        .filter_map(|shell| Some(shell.to_possible_value()?.get_name().to_owned()))
        .collect();
    let using = "complete -c ctstats -n \"__fish_ctstats_using_subcommand";
    let values = format!("{using} completions\" -f -a \"{}\"\n", shells.join(" "));
    replace(script, "    contains -- $cmd[1] $argv\n", &own) + &values
}
