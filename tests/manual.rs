//! The manual pages and the completions name all that `--help` names.

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::run;

fn printed(line: &str) -> String {
    let output = run(line);
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).expect("help is text")
}

/// The commands that `ctstats --help` lists.
fn commands() -> Vec<String> {
    let help = printed("--help");
    let (_, list) = help.split_once("\nCommands:\n").expect("it lists commands");
    let (list, _) = list.split_once("\n\n").expect("options follow");
    list.lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.split(' ').next().expect("a name").to_owned())
        .collect()
}

/// The flags that a help lists: the lines that begin with them.
fn flags(help: &str) -> BTreeSet<String> {
    let is_flag = |word: &&str| word.starts_with('-');
    let name = |word: &str| {
        let of_name = |c: char| c == '-' || c.is_ascii_alphanumeric();
        let end = word.find(|c| !of_name(c)).unwrap_or(word.len());
        word[..end].to_owned()
    };
    help.lines()
        .filter(|line| line.trim_start().starts_with('-') && !line.trim_start().starts_with("- "))
        .flat_map(|line| line.split_whitespace().take_while(is_flag))
        .map(name)
        .collect()
}

/// Helps by command; the first is that of the program.
fn helps() -> Vec<(String, String)> {
    let mut helps = vec![("ctstats".to_owned(), printed("--help"))];
    for command in commands() {
        let help = printed(&format!("{command} --help"));
        helps.push((format!("ctstats-{command}"), help));
    }
    assert!(helps.len() > 10, "few commands: {}", helps.len());
    helps
}

#[test]
fn every_flag_of_every_command_has_a_place_in_the_manual() {
    let folder = tempfile::tempdir().expect("a folder");
    printed(&format!("man -o {}/new", folder.path().display()));
    let folder = folder.path().join("new");
    for (name, help) in helps() {
        let page = fs::read_to_string(folder.join(format!("{name}.1"))).expect(&name);
        let page = page.replace("\\-", "-");
        let flags = flags(&help);
        assert!(flags.contains("--help"), "{name}: {flags:?}");
        for flag in flags {
            let bold = format!("\\fB{flag}\\fR");
            let (_, options) = page.split_once(".SH OPTIONS").expect("options");
            assert!(options.contains(&bold), "{name} is without {flag}");
        }
        // Examples stand as they are typed.
        for line in help.lines().filter(|line| line.contains("ctstats ")) {
            let Some(line) = line.strip_prefix("    ctstats ") else {
                continue;
            };
            let line = line.replace('\'', "\\*(Aq");
            assert!(page.contains(&line), "{name} is without the line {line}");
        }
    }
    let main = fs::read_to_string(folder.join("ctstats.1")).expect("the main page");
    for command in commands() {
        let page = format!("ctstats\\-{command}(1)");
        assert!(main.contains(&page), "the main page is without {command}");
    }
    let pages = fs::read_dir(&folder).expect("the folder is there").count();
    assert_eq!(pages, commands().len() + 1);
    assert_eq!(printed("man"), main);
}

#[test]
fn every_flag_of_every_command_is_completed() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = printed(&format!("completions {shell}"));
        for (name, help) in helps() {
            let command = name.strip_prefix("ctstats-").unwrap_or(&name);
            assert!(script.contains(command), "{shell} is without {command}");
            for flag in flags(&help) {
                let flag = match (shell, flag.strip_prefix("--")) {
                    ("fish", Some(long)) => format!(" -l {long} "),
                    ("fish", None) => format!(" -s {} ", &flag[1..]),
                    _ => flag,
                };
                assert!(script.contains(&flag), "{shell}, {name}: without {flag}");
            }
        }
    }
}
