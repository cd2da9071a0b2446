//! Commands about one dump that are asked about several: each dump is answered by itself, in the
//! order in which they were given.
//!
//! The dumps are read as those of `trend` are: on several threads, a bounded number open at a time,
//! and one that cannot be read is named and passed over.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use clap::Args;

use ctstats::fleet::{Argument, FleetFile, GivenFiles};
use ctstats::report::several::{Several, Subject};
use ctstats::units::{counted, escaped};
use ctstats::{DumpFile, Error};

use super::fleet::FleetArgs;
use super::sheet::{Destination, Sheet};
use super::{Opened, Usage, held, inputs, note, open_dump, say};
use crate::progress::When;

/// So many dumps are asked together: the reports of that many may wait for their turn.
const TOGETHER: usize = 32;

/// The dumps of a command that answers each by itself.
#[derive(Debug, Args)]
pub(super) struct DumpsArgs {
    /// The dump: a file, or - for standard input. Plain, gzip, zstd or xz. Several are answered one by
    /// one: files, folders with all below them, patterns ('dumps/*.dat'), @FILE for a list of names.
    #[arg(value_name = "DUMP", required = true)]
    dumps: Vec<PathBuf>,
}

/// How a dump is prepared for the question.
pub(super) type Prepare = fn(DumpFile) -> Result<DumpFile, Error>;

impl DumpsArgs {
    /// The files, if each argument names one.
    pub(super) fn by_name(&self) -> Option<&[PathBuf]> {
        let is_file = |path: &PathBuf| Argument::of(path).is_one_file();
        self.dumps.iter().all(is_file).then_some(&self.dumps[..])
    }

    /// The dumps that are meant.
    pub(super) fn find(&self, many: FleetArgs) -> Result<Dumps<'_>> {
        if let Some([one]) = self.by_name() {
            return Ok(Dumps::One(one));
        }
        refuse_standard_input(&self.dumps)?;
        let files = GivenFiles::find(&self.dumps);
        Ok(Dumps::Several(files, many))
    }
}

/// Fails if standard input is one of several.
pub(super) fn refuse_standard_input(dumps: &[PathBuf]) -> Result<()> {
    if dumps.iter().any(|path| path == Path::new("-")) {
        let what = "- is one dump, from standard input, and none of several; give a file, or \
                    @/dev/stdin for a list of names from there";
        return Err(Usage(what.into()).into());
    }
    Ok(())
}

/// The dumps that are meant.
pub(super) enum Dumps<'a> {
    /// One, named by its name.
    One(&'a PathBuf),
    /// As many as there are.
    Several(GivenFiles, FleetArgs),
}

impl Dumps<'_> {
    /// What is read, with another file of the command.
    pub(super) fn reads<'r>(&'r self, more: Option<&'r PathBuf>) -> Result<Vec<&'r Path>> {
        match self {
            Dumps::One(path) => inputs([Some(*path), more]),
            Dumps::Several(given, _) => {
                let files = given.files.iter().map(|file| file.path.as_path());
                Ok(files.chain(more.map(PathBuf::as_path)).collect())
            }
        }
    }

    /// Answers each dump. Returns what is to be known of each that has an answer.
    pub(super) fn answer<E: Send>(
        &self,
        destination: Destination<'_>,
        prepare: Prepare,
        answer: impl Fn(&Path, &Opened, &Sheet<'_>) -> Result<E> + Sync,
    ) -> Result<Vec<(PathBuf, E)>> {
        let (given, many) = match self {
            Dumps::One(path) => {
                let dump = open_dump(path, destination.page.reading, prepare)?;
                let known = answer(path, &dump, &destination.alone())?;
                return Ok(vec![(path.to_path_buf(), known)]);
            }
            Dumps::Several(given, many) => (given, *many),
        };
        let question = Question {
            noun: ["file", "files"],
            subject: |file: &FleetFile| Subject::Dump(file.path.display().to_string()),
            answer: |file: &FleetFile, dump, sheet: &Sheet<'_>| {
                let dump = Opened::of(&file.path, prepare(dump)?, None)?;
                let known = answer(&file.path, &dump, sheet);
                dump.close();
                Ok((file.path.clone(), known?))
            },
        };
        ask_each(given, &given.files, many, destination, question)
    }
}

/// What is asked of each file.
pub(super) struct Question<S, A> {
    /// What there is an answer for, one and many.
    pub(super) noun: [&'static str; 2],
    pub(super) subject: S,
    pub(super) answer: A,
}

/// Asks some of the files that were given, and writes the reports one after the other.
pub(super) fn ask_each<E: Send>(
    given: &GivenFiles,
    asked: &[FleetFile],
    many: FleetArgs,
    destination: Destination<'_>,
    question: Question<
        impl Fn(&FleetFile) -> Subject,
        impl Fn(&FleetFile, DumpFile, &Sheet<'_>) -> Result<E> + Sync,
    >,
) -> Result<Vec<E>> {
    let out = destination.page.open()?;
    let (style, is_terminal) = (destination.page.style(&out), out.is_terminal());
    let mut reports = Several::new(out, destination.several(style));
    let mut reading = destination.page.reading;
    if is_terminal && reading.progress == When::Auto {
        // The reports are written there meanwhile.
        reading.progress = When::Never;
    }
    let mut said = Said::new(is_terminal);
    let mut failures = Failures::default();
    given.failed.iter().for_each(|error| {
        failures.add(&mut said, error.to_string(), false);
    });
    let Question {
        noun,
        subject,
        answer,
    } = question;
    let mut known = Vec::new();
    many.read(
        asked,
        asked.chunks(TOGETHER),
        reading,
        |file, dump| {
            Ok(held::hold(|| {
                let sheet = destination.among(style, is_terminal);
                let known = answer(file, dump, &sheet)?;
                Ok::<_, anyhow::Error>((known, sheet.into_report()))
            }))
        },
        |file, answered| {
            let (answered, lines) = answered.unwrap_or_else(|error| (Err(error.into()), vec![]));
            let subject = subject(file);
            let names = names(&subject);
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            match answered {
                Ok((of, report)) => {
                    reports.add(&subject, &report).map_err(Error::Write)?;
                    known.push(of);
                }
                Err(error) => {
                    let text = format!("{error:#}");
                    let (_, name, text) = held::parts(&names, &text);
                    failures.add(&mut said, format!("{name}: {text}"), error.is::<Usage>());
                }
            }
            lines.iter().for_each(|line| said.remark(&names, line));
            Ok(())
        },
    )?;
    if known.is_empty() {
        // What was opened for the reports is given up before this is said.
        drop(reports);
        said.tell();
        return Err(failures.of_all(noun));
    }
    let out = reports.finish(&failures.texts)?;
    destination.page.finish(out)?;
    said.tell();
    match given.no_dumps.len() {
        0 => {}
        1 => note("1 file is no dump and was passed over"),
        count => note(&format!(
            "{} are no dumps and were passed over",
            counted(count, "file", "files")
        )),
    }
    match failures.count {
        failed if failed > 0 && !many.keep_going => {
            let [one, more] = noun;
            let all = counted(failed + known.len(), one, more);
            let have = if failed == 1 { "has" } else { "have" };
            bail!("{failed} of {all} {have} no report; --keep-going exits with 0")
        }
        _ => Ok(known),
    }
}

/// The files that a report is about, as they are shown.
fn names(subject: &Subject) -> Vec<String> {
    let files = match subject {
        Subject::Dump(file) => vec![file],
        Subject::Change(before, after) => vec![before, after],
    };
    let names = files.into_iter().map(|file| escaped(file).into_owned());
    names.collect()
}

/// What is said beside the reports.
struct Said {
    /// Whether failures wait, too, because the reports have the terminal.
    waits: bool,
    failures: Vec<String>,
    /// What is said of dumps that have a report, and of which: many may have the same in common.
    remarks: Vec<Remark>,
    /// Where each of them is.
    places: HashMap<(&'static str, String), usize>,
}

struct Remark {
    kind: &'static str,
    text: String,
    names: Vec<String>,
}

impl Said {
    fn new(waits: bool) -> Said {
        Said {
            waits,
            failures: Vec::new(),
            remarks: Vec::new(),
            places: HashMap::new(),
        }
    }

    fn failure(&mut self, line: &str) {
        match self.waits {
            true => self.failures.push(line.into()),
            false => say(line),
        }
    }

    fn remark(&mut self, names: &[&str], line: &str) {
        let (kind, name, text) = held::parts(names, line);
        let place = self.places.entry((kind, text.to_owned()));
        let place = *place.or_insert(self.remarks.len());
        match self.remarks.get_mut(place) {
            // Two comparisons may have a dump in common.
            Some(known) if known.names.last() == Some(&name) => {}
            Some(known) => known.names.push(name),
            None => self.remarks.push(Remark {
                kind,
                text: text.into(),
                names: vec![name],
            }),
        }
    }

    /// Says what waited.
    fn tell(self) {
        self.failures.iter().for_each(|line| say(line));
        for Remark { kind, text, names } in self.remarks {
            say(&format!("{kind}{}: {text}", listed(&names)));
        }
    }
}

/// So many names are told.
const MOST_NAMES: usize = 3;

/// Names as a part of a sentence.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= MOST_NAMES => {
            format!("{} and {last}", first.join(", "))
        }
        [first, ..] => format!("{first} and {} more", names.len() - 1),
    }
}

/// What has no report.
#[derive(Default)]
struct Failures {
    count: usize,
    /// What is said of them.
    texts: Vec<String>,
    /// Whether some failed for another reason than what was asked for.
    is_of_files: bool,
}

impl Failures {
    fn add(&mut self, said: &mut Said, text: String, is_usage: bool) {
        self.count += 1;
        self.is_of_files |= !is_usage;
        // Two comparisons may have a dump in common.
        if self.texts.last() != Some(&text) {
            said.failure(&text);
            self.texts.push(text);
        }
    }

    /// The error of a command without any report.
    fn of_all(&self, [_, more]: [&str; 2]) -> anyhow::Error {
        let what = format!("none of the {more} has a report");
        match self.count > 0 && !self.is_of_files {
            true => Usage(what).into(),
            false => anyhow!(what),
        }
    }
}
