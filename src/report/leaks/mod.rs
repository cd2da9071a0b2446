//! The verdict on leaks in each form: prose with figures for people, documents for programs.

mod prose;

use std::io::{self, Write};
use std::path::Path;

use prose::table;

use super::advice::Advice;
use super::fit::ending;
use super::form::json::{self, JsonLayout};
use super::form::markdown;
use super::form::table::Style;
use super::form::{Report, Rows};
use super::report_table::{Of, ReportTable, Row, TableColumn, Value};
use super::{coverage, known, reasons, traps};
use crate::analysis::leaks::{
    ClassVerdict, Confidence, Evidence, Hint, Holder, Leaks, Mention, Origin, Pattern, Since,
    Suspect,
};
use crate::analysis::sites::frame_text;
use crate::analysis::summary::SnapshotName;
use crate::model::Text;
use crate::units::{ByteStyle, bytes, change, counted, escaped, share, short_time, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.leaks/1";

/// A suspect, and what to do next about it.
#[derive(serde::Serialize)]
struct Advised<'l, 'd> {
    #[serde(flatten)]
    suspect: &'l Suspect<'d>,
    #[serde(flatten)]
    advice: Advice,
}

fn advised<'l, 'd>(leaks: &'l Leaks<'d>, dump: &Path) -> impl Iterator<Item = Advised<'l, 'd>> {
    leaks.suspects.iter().map(move |suspect| Advised {
        suspect,
        advice: Advice::on(suspect, leaks, dump),
    })
}

/// A verdict, and the file that the commands in its report name.
pub struct LeaksReport<'l, 'd> {
    /// The verdict.
    pub leaks: &'l Leaks<'d>,
    /// The file of the dump.
    pub dump: &'l Path,
}

impl Report for LeaksReport<'_, '_> {
    fn table(&self, out: &mut impl Write, style: Style) -> io::Result<()> {
        table(out, self.leaks, self.dump, style)
    }

    fn rows(&self, to: &mut impl Rows) -> io::Result<()> {
        rows(self.leaks, to)
    }

    fn markdown(&self, out: &mut impl Write, style: ByteStyle) -> io::Result<()> {
        markdown(out, self.leaks, style)
    }

    fn json(&self, out: &mut impl Write, layout: JsonLayout) -> io::Result<()> {
        match layout {
            JsonLayout::Document => json(out, self.leaks, self.dump),
            JsonLayout::Lines => ndjson(out, self.leaks, self.dump),
        }
    }
}

/// Writes one document. `dump` is the file that the commands in it name.
fn json(out: &mut impl Write, leaks: &Leaks<'_>, dump: &Path) -> io::Result<()> {
    let suspects: Vec<Advised<'_, '_>> = advised(leaks, dump).collect();
    json::document(out, SCHEMA)?
        .salvaged("salvaged", leaks.salvaged)?
        .field("coverage", &leaks.coverage)?
        .field("snapshots", &leaks.snapshots)?
        .field("objects", &leaks.objects)?
        .field("between", &leaks.between)?
        .list("suspects", &suspects)?
        .list("more_suspects", &leaks.more_suspects)?
        .list_if_any("ignored", &leaks.ignored)?
        .list("filling", &leaks.filling)?
        .list("cleared", &leaks.cleared)?
        .list("traps", traps::told(&leaks.traps))?
        .field("limits", &limits(leaks))?
        .field("limit_codes", &leaks.limits)?
        .end()
}

/// Writes a line for each class: suspects with all that is known of them, then the others.
fn ndjson(out: &mut impl Write, leaks: &Leaks<'_>, dump: &Path) -> io::Result<()> {
    for suspect in advised(leaks, dump) {
        json::value(out, &suspect)?;
        writeln!(out)?;
    }
    json::lines(out, &leaks.more_suspects)?;
    json::lines(out, &leaks.ignored)?;
    json::lines(out, &leaks.filling)?;
    json::lines(out, &leaks.cleared)
}

/// What the dump cannot show, in sentences.
fn limits(leaks: &Leaks<'_>) -> Vec<String> {
    leaks
        .limits
        .iter()
        .map(|&limit| reasons::limit(limit))
        .collect()
}

/// A row for each class.
fn rows(leaks: &Leaks<'_>, to: &mut impl Rows) -> io::Result<()> {
    let columns = COLUMNS.map(|name| TableColumn::new(name, "", name, 0));
    let classes = leaks.classes();
    let classes = classes.map(|class| csv_row(class, confidence(class.verdict.confidence)));
    let ignored = leaks.ignored.iter();
    let rows = classes.chain(ignored.map(|ignored| csv_row(&ignored.verdict, IGNORED)));
    ReportTable::of(&columns, rows).rows(to)
}

/// What stands for the confidence of a class that is known and accepted.
pub(super) const IGNORED: &str = "ignored";

fn csv_row<'d>(class: &ClassVerdict<'d>, leak: &'static str) -> Row<'d> {
    let evidence = &class.evidence;
    let survival = &evidence.survival;
    let figure = |figure| Value::of(figure, Value::Average);
    let values = vec![
        Value::Name(class.class),
        Value::Word(leak),
        Value::Word(pattern(class.verdict.pattern)),
        Value::CountChange(evidence.instances.first),
        Value::CountChange(evidence.instances.last),
        Value::Bytes(evidence.bytes.first),
        Value::Bytes(evidence.bytes.last),
        figure(evidence.bytes.per_second),
        figure(evidence.bytes.per_snapshot),
        Value::Average(evidence.bytes.monotonicity),
        figure(evidence.bytes.late_growth),
        Value::Count(survival.born),
        Value::Count(survival.survived),
        Value::Count(survival.spans_with_births as u64),
        Value::Count(survival.spans_with_survivors as u64),
    ];
    Row {
        of: Of::One,
        values,
    }
}

/// The columns of a class in CSV.
const COLUMNS: [&str; 15] = [
    "class",
    "confidence",
    "pattern",
    "instances_first",
    "instances_last",
    "bytes_first",
    "bytes_last",
    "bytes_per_second",
    "bytes_per_snapshot",
    "bytes_monotony",
    "late_growth",
    "born",
    "survived",
    "spans_with_births",
    "spans_with_survivors",
];

/// Writes a table of all classes, and the reasons of each suspect.
fn markdown(out: &mut impl Write, leaks: &Leaks<'_>, style: ByteStyle) -> io::Result<()> {
    writeln!(out, "{}\n", markdown::text(&headline(leaks)))?;
    writeln!(
        out,
        "| class | leak | what it did | instances | bytes | growth | survived |"
    )?;
    writeln!(out, "| --- | --- | --- | ---: | ---: | ---: | ---: |")?;
    let classes = leaks.classes();
    let classes = classes.map(|class| (class, confidence(class.verdict.confidence)));
    let ignored = leaks.ignored.iter();
    for (class, leak) in classes.chain(ignored.map(|ignored| (&ignored.verdict, IGNORED))) {
        let evidence = &class.evidence;
        writeln!(
            out,
            "| {} | {leak} | {} | {} → {} | {} → {} | {} | {} of {} |",
            markdown::cell(&class.class.to_str()),
            pattern(class.verdict.pattern),
            thousands(evidence.instances.first),
            thousands(evidence.instances.last),
            bytes(evidence.bytes.first, style),
            bytes(evidence.bytes.last, style),
            grew(evidence, style),
            thousands(evidence.survival.survived.into()),
            thousands(evidence.survival.born.into()),
        )?;
    }
    for suspect in &leaks.suspects {
        writeln!(
            out,
            "\n### {}\n",
            markdown::text(&suspect.class.class.to_str())
        )?;
        for reason in &reasons::sentences(&suspect.class.verdict.reasons) {
            writeln!(out, "- {}", markdown::text(reason))?;
        }
        if let Some(since) = &suspect.class.since {
            writeln!(out, "- {}", markdown::text(&since_sentence(since)))?;
        }
        for origin in &suspect.kept.origins {
            let line = format!(
                "{}, {}, from {}",
                counted(origin.objects as usize, "survivor", "survivors"),
                bytes(origin.size_bytes, style),
                ending(Text::new(&place(origin)), 2000)
            );
            writeln!(out, "- {}", markdown::text(&line))?;
        }
        for holder in &suspect.kept.holders {
            let line = format!(
                "{} {}",
                holder_path(suspect.class.class, holder),
                held(holder, style)
            );
            writeln!(out, "- {}", markdown::text(&line))?;
        }
        for hint in &suspect.hints {
            let hint = hint_sentence(hint, suspect.class.class, style);
            writeln!(out, "- hint, no proof: {}", markdown::text(&hint))?;
        }
    }
    if !leaks.ignored.is_empty() {
        writeln!(out, "\n### Ignored suspects\n")?;
    }
    for ignored in &leaks.ignored {
        let line = format!("{}: {}", ignored.class, known::sentence(&ignored.known));
        writeln!(out, "- {}", markdown::text(&line))?;
    }
    let coverage = coverage::sentences(&leaks.coverage);
    if !coverage.is_empty() {
        writeln!(out, "\n{}", markdown::text(&coverage.join(" ")))?;
    }
    if !leaks.traps.is_empty() {
        writeln!(out, "\n### Traps of this recording\n")?;
    }
    for trap in traps::told(&leaks.traps) {
        writeln!(out, "- {}", trap.markdown(false))?;
    }
    Ok(())
}

/// The verdict in a sentence.
pub(super) fn headline(leaks: &Leaks<'_>) -> String {
    if leaks.objects == 0 && leaks.has_filter {
        return "No verdict: nothing passed the filter.".into();
    }
    if leaks.objects == 0 {
        return "No verdict: the dump holds no tracked objects.".into();
    }
    if leaks.snapshots < 2 {
        return format!(
            "No verdict: growth needs two snapshots, and this dump has {} with a time. \
             tracker.create_snapshot() records one.",
            leaks.snapshots
        );
    }
    let all = leaks.classes().count() + leaks.ignored.len();
    let has_suspects = !leaks.suspects.is_empty() || !leaks.more_suspects.is_empty();
    let mut of_all = match (has_suspects, all) {
        (false, _) => String::new(),
        // "1 of 1 class" says no more.
        (true, 1) => " class".into(),
        (true, _) => format!(" of {}", counted(all, "class", "classes")),
    };
    let mut parts = Vec::new();
    match all {
        _ if has_suspects => {}
        _ if !leaks.ignored.is_empty() => parts.push(format!(
            "No suspects left of {}",
            counted(all, "class", "classes")
        )),
        1 => parts.push("No suspects: the only class did not grow as a leak does".into()),
        _ => parts.push(format!(
            "No suspects: none of {} grew as a leak does",
            counted(all, "class", "classes")
        )),
    }
    for (confidence, one, many) in [
        (Confidence::Likely, "likely leaks", "likely leak"),
        (Confidence::Possible, "possibly leaks", "possibly leak"),
        (
            Confidence::Filling,
            "may be filling a cache",
            "may be filling caches",
        ),
    ] {
        let of = leaks.classes();
        let count = of.filter(|class| class.verdict.confidence == confidence);
        let count = count.count();
        if count > 0 {
            let verb = if count == 1 { one } else { many };
            // Of how many, only the first part says.
            let of_all = std::mem::take(&mut of_all);
            parts.push(format!("{}{of_all} {verb}", thousands(count as i128)));
        }
    }
    if !leaks.ignored.is_empty() {
        let count = counted(leaks.ignored.len(), "suspect", "suspects");
        parts.push(format!("{count} ignored"));
    }
    parts.join(", ") + "."
}

/// What a class grew by: of one whose bytes are counted elsewhere, its instances.
pub(super) fn grew(evidence: &Evidence, style: ByteStyle) -> String {
    match evidence.instances.change() {
        count if evidence.weightless && count != 0 => format!("{count:+} instances"),
        _ => change(evidence.bytes.change(), style),
    }
}

/// When the growth began, in a sentence.
fn since_sentence(since: &Since<'_>) -> String {
    format!("it has grown since {}", beginning(since))
}

/// When the growth began.
pub(super) fn beginning(since: &Since<'_>) -> String {
    let name = snapshot(&since.snapshot);
    if since.is_first {
        return format!("the first snapshot, {name}, or longer");
    }
    let at = since.snapshot.timestamp_seconds.map(short_time);
    let at = at.map_or(String::new(), |at| format!(", {at} after tracking began"));
    format!("{name}{at}")
}

/// What an attribute holds, or grew by.
pub(super) fn held(holder: &Holder<'_>, style: ByteStyle) -> String {
    match holder.growth_bytes {
        Some(growth) => format!(
            "grew by {} to {}: {} of all growth",
            bytes(growth, style),
            bytes(holder.size_bytes, style),
            share(holder.share_percent)
        ),
        None => format!(
            "holds {}: {} of the survivors' bytes",
            bytes(holder.size_bytes, style),
            share(holder.share_percent)
        ),
    }
}

/// The names from the class to the attribute.
pub(super) fn holder_path(class: Text<'_>, holder: &Holder<'_>) -> String {
    let name = class.to_str();
    let short = name.rsplit('.').next().unwrap_or_default().to_owned();
    let path = holder.path.iter().map(|name| match name {
        Some(name) => name.head(80).to_str().into_owned(),
        None => "(no name)".into(),
    });
    let path: Vec<String> = std::iter::once(short).chain(path).collect();
    path.join(" → ")
}

/// Where instances of a class may be held.
pub(super) fn hint_sentence(hint: &Hint<'_>, suspect: Text<'_>, style: ByteStyle) -> String {
    let names = std::iter::once(&hint.class).chain(&hint.path);
    let path: Vec<String> = names
        .map(|name| escaped(&name.head(80).to_str()).into_owned())
        .collect();
    let objects = match hint.objects {
        1 => String::new(),
        count => format!(" in {} objects", thousands(count.into())),
    };
    let intervals = counted(hint.intervals, "interval", "intervals");
    let suspect = suspect.head(200).to_str();
    let mention = match hint.mention {
        Mention::Address => "have the address of one",
        Mention::Name => "mention the class",
    };
    format!(
        "{} holds {}{objects}, and grew in {} of {intervals} in which {} grew; its names {mention}",
        path.join(" → "),
        bytes(hint.size_bytes, style),
        thousands(hint.intervals_together as i128),
        escaped(&suspect),
    )
}

pub(super) fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Likely => "likely",
        Confidence::Possible => "possible",
        Confidence::Filling => "filling",
        Confidence::No => "no",
    }
}

pub(super) fn pattern(pattern: Pattern) -> &'static str {
    match pattern {
        Pattern::PilingUp => "piling up",
        Pattern::Swelling => "swelling",
        Pattern::Backlog => "backlog",
        Pattern::Filling => "filling",
        Pattern::LevelledOff => "levelled off",
        Pattern::Churn => "churn",
        Pattern::Shrinking => "shrinking",
        Pattern::Steady => "steady",
        Pattern::TooShort => "too short",
    }
}

/// A snapshot by its number and description.
pub(super) fn snapshot(name: &SnapshotName<'_>) -> String {
    if name.description.is_empty() {
        return format!("snapshot {}", name.snapshot);
    }
    let head = name.description.head(40);
    format!("snapshot {} (“{}”)", name.snapshot, escaped(&head.to_str()))
}

/// `file:line in function`, not yet made harmless.
pub(super) fn place(origin: &Origin<'_>) -> String {
    let (Some(file), Some(line)) = (origin.file, origin.line) else {
        return "no trace".into();
    };
    frame_text(file, line, origin.function)
}

/// The own frame and its source, if it is not the line itself that created them.
pub(super) fn asked_for_by<'d>(origin: &Origin<'d>) -> Option<(String, Option<Text<'d>>)> {
    let own = origin.own.as_ref()?;
    let is_same = (Some(own.file), own.line) == (origin.file, origin.line);
    let place = frame_text(own.file, own.line?, own.function);
    (!is_same).then_some((place, own.source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::leaks::{Ignored, KnownLeak, LeaksOptions};
    use crate::model::Dump;
    use crate::units::acts;

    /// Whatever a suspect's texts are, none acts on a terminal.
    #[test]
    fn texts_of_suspects_are_made_harmless() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/leaky_shop.dump");
        let dump = Dump::load(path).unwrap();
        let mut leaks = Leaks::of(&dump, &LeaksOptions::default()).unwrap();
        let odd = Text::new("\x1b[2J\u{202e}\n");
        let suspect = &mut leaks.suspects[0];
        suspect.class.class = odd;
        let kept = &mut suspect.kept;
        let origin = &mut kept.origins[0];
        [origin.file, origin.function, origin.source] = [Some(odd); 3];
        kept.holders[0].path = vec![Some(odd)];
        kept.oldest[0].repr = odd;
        suspect.hints = vec![Hint {
            class: odd,
            path: vec![odd],
            mention: Mention::Name,
            objects: 2,
            size_bytes: 1,
            growth_bytes: 1,
            intervals: 2,
            intervals_together: 2,
        }];
        let mut verdict = leaks.suspects[1].class.clone();
        verdict.class = odd;
        let odd_entry = KnownLeak {
            site: Some(odd.to_string()),
            why: Some(odd.to_string()),
            ..KnownLeak::ignored(&odd.to_string()).unwrap()
        };
        leaks.ignored = vec![Ignored {
            class: odd,
            known: vec![odd_entry],
            verdict,
        }];
        let mut told = [Vec::new(), Vec::new()];
        table(&mut told[0], &leaks, Path::new("d"), Style::default()).unwrap();
        markdown(&mut told[1], &leaks, ByteStyle::Units).unwrap();
        for text in told.map(|bytes| String::from_utf8(bytes).unwrap()) {
            let found = text.chars().find(|&c| acts(c) && c != '\n');
            assert_eq!(found, None, "{text}");
            assert!(text.matches("x1b").count() >= 9, "{text}");
        }
    }
}
