//! Which limits a dump breaks: lines for people, documents for programs, JUnit's XML and
//! GitHub's workflow commands for the machines that run tests.

use std::io::{self, Write};

use super::class_names::ClassNames;
use super::fit::wrap;
use super::form::json;
use super::form::table::Style;
use super::{known, salvaged};
use crate::analysis::check::{Check, Found, Most, Outcome, Quantity, Unused};
use crate::analysis::leaks::{Confidence, Verdict};
use crate::units::{ByteStyle, bytes, change, counted, escaped, thousands};

/// Names the shape of the document. Another number means another shape.
pub const SCHEMA: &str = "ctstats.check/1";

/// Writes a line for each breach, known leak and limit of no class, and one for the whole.
pub fn table(out: &mut impl Write, check: &Check<'_>, style: Style) -> io::Result<()> {
    let width = style.page_width();
    // A name has a line, but for the mark before it and the colon behind it.
    let names = ClassNames::of(
        check
            .breaches()
            .chain(check.ignored())
            .map(|outcome| outcome.class),
        width - 9,
    );
    for outcome in check.breaches() {
        let name = names.cut(outcome.class);
        let text = format!("{name}: {}", sentence(&outcome, style.bytes));
        for (index, line) in wrap(&text, width - 8).iter().enumerate() {
            let mark = if index == 0 { "breach" } else { "" };
            let mark = style.paint.growth(format!("{mark:6}"));
            writeln!(out, "{}", format!("{mark}  {line}").trim_end())?;
        }
        for reason in reasons(&outcome) {
            for line in wrap(&reason, width - 10) {
                writeln!(out, "          {}", style.paint.aside(line))?;
            }
        }
    }
    let mut marked = |mark: &str, text: &str| -> io::Result<()> {
        for (index, line) in wrap(&format!("{mark:7} {text}"), width - 8)
            .iter()
            .enumerate()
        {
            let indent = if index == 0 { "" } else { "        " };
            writeln!(out, "{indent}{line}")?;
        }
        Ok(())
    };
    for outcome in check.ignored() {
        let name = names.cut(outcome.class);
        marked("ignored", &format!("{name}: {}", ignored(&outcome)))?;
    }
    for unused in &check.unused {
        marked("unused", &of_no_class(unused))?;
    }
    if check.breaches + check.ignored + check.unused.len() > 0 {
        writeln!(out)?;
    }
    writeln!(out, "{}", total(check))
}

/// Writes one document with every outcome.
pub fn json(out: &mut impl Write, check: &Check<'_>) -> io::Result<()> {
    json::document(out, SCHEMA)?
        .salvaged("salvaged", check.salvaged)?
        .salvaged("salvaged_baseline", check.salvaged_baseline)?
        .field("at", &check.at)?
        .field("since", &check.since)?
        .field("has_baseline", &check.has_baseline)?
        .field("breaches", &check.breaches)?
        .field_if("ignored", &check.ignored, check.ignored > 0)?
        .list("outcomes", check.outcomes())?
        .list("unused", &check.unused)?
        .end()
}

/// Writes a test case for each class and limit, in a suite named after the dump. Limits of no
/// class are errors, or skipped if they are allowed.
pub fn junit(
    out: &mut impl Write,
    check: &Check<'_>,
    dump: &str,
    allow_missing: bool,
) -> io::Result<()> {
    let unused = check.unused.len();
    let errors = errors(check, allow_missing);
    let (errors_count, skipped) = (errors.len(), unused - errors.len() + check.ignored);
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{errors_count}\" skipped=\"{skipped}\"",
        check.checked + unused,
        check.breaches,
    );
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"ctstats\" {counts}>")?;
    writeln!(out, "  <testsuite name=\"{}\" {counts}>", xml(dump))?;
    let lost: Vec<(&str, String)> = salvaged(check).collect();
    if !lost.is_empty() {
        writeln!(out, "    <properties>")?;
        for (name, text) in lost {
            writeln!(
                out,
                "      <property name=\"{name}\" value=\"{}\"/>",
                xml(&text)
            )?;
        }
        writeln!(out, "    </properties>")?;
    }
    for outcome in &mut check.outcomes() {
        let flag = outcome.threshold.quantity.name();
        write!(
            out,
            "    <testcase classname=\"ctstats check {flag}\" name=\"{}\"",
            xml(&outcome.class.to_str())
        )?;
        if !outcome.known.is_empty() {
            let message = xml(&ignored(&outcome));
            writeln!(
                out,
                ">\n      <skipped message=\"{message}\"/>\n    </testcase>"
            )?;
            continue;
        }
        if !outcome.is_breach {
            writeln!(out, "/>")?;
            continue;
        }
        let sentence = sentence(&outcome, ByteStyle::Units);
        writeln!(out, ">")?;
        write!(
            out,
            "      <failure type=\"{flag}\" message=\"{}\">",
            xml(&sentence)
        )?;
        write!(out, "{}", xml_lines(&reasons(&outcome)))?;
        writeln!(out, "</failure>\n    </testcase>")?;
    }
    for unused in &check.unused {
        let flag = unused.threshold.quantity.name();
        let message = xml(&of_no_class(unused));
        let outcome = if errors.contains(&unused) {
            format!("<error type=\"{flag}\" message=\"{message}\"/>")
        } else {
            format!("<skipped message=\"{message}\"/>")
        };
        writeln!(
            out,
            "    <testcase classname=\"ctstats check {flag}\" name=\"{}\">\n      \
             {outcome}\n    </testcase>",
            xml(&unused.threshold.pattern)
        )?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

/// Writes an error for each breach and for each limit of no class, for these a warning if they
/// are allowed, and the whole in plain words.
pub fn github(out: &mut impl Write, check: &Check<'_>, allow_missing: bool) -> io::Result<()> {
    for outcome in check.breaches() {
        let title = format!("ctstats: {}", escaped(&outcome.class.to_str()));
        let sentence = sentence(&outcome, ByteStyle::Units);
        let lines = std::iter::once(sentence).chain(reasons(&outcome));
        let text = lines.collect::<Vec<_>>().join("\n");
        writeln!(out, "::error title={}::{}", property(&title), data(&text))?;
    }
    for outcome in check.ignored() {
        let title = format!("ctstats: {}", escaped(&outcome.class.to_str()));
        let text = ignored(&outcome);
        writeln!(out, "::notice title={}::{}", property(&title), data(&text))?;
    }
    for (name, text) in salvaged(check) {
        writeln!(out, "::warning title=ctstats: {name}::{}", data(&text))?;
    }
    let errors = errors(check, allow_missing);
    for unused in &check.unused {
        let level = if errors.contains(&unused) {
            "error"
        } else {
            "warning"
        };
        let text = of_no_class(unused);
        writeln!(out, "::{level} title=ctstats::{}", data(&text))?;
    }
    writeln!(out, "{}", total(check))
}

/// What is lost of the dump and of the baseline, where they are not whole.
fn salvaged(check: &Check<'_>) -> impl Iterator<Item = (&'static str, String)> {
    let both = [
        ("salvaged", check.salvaged),
        ("salvaged_baseline", check.salvaged_baseline),
    ];
    let lost = both
        .into_iter()
        .filter_map(|(name, lost)| Some((name, lost?)));
    lost.map(|(name, lost)| (name, salvaged::clauses(lost).join("; ")))
}

fn total(check: &Check<'_>) -> String {
    let all = check.checked;
    let breaches = thousands(check.breaches as i128);
    let all = counted(all, "check", "checks");
    let unchecked = match check.unused.len() {
        0 => String::new(),
        count => format!(", {} not checked", thousands(count as i128)),
    };
    let ignored = match check.ignored {
        0 => String::new(),
        count => format!(", {} ignored", counted(count, "suspect", "suspects")),
    };
    format!("{breaches} of {all} failed{ignored}{unchecked}")
}

/// The limits that could not be checked though they should have been.
fn errors<'c>(check: &'c Check<'_>, allow_missing: bool) -> Vec<&'c Unused> {
    check.uncheckable().filter(|_| !allow_missing).collect()
}

/// That no limit is given.
pub const NOTHING_TO_CHECK: &str = "there is nothing to check";

/// That limits cannot be checked, for this reason.
pub fn uncheckable(why: &str) -> String {
    format!("cannot be checked: {why}")
}

/// Why some limits are of no class.
pub fn of_no_classes(unused: &[&Unused]) -> String {
    let sentences: Vec<String> = unused.iter().map(|one| of_no_class(one)).collect();
    super::joined(&sentences)
}

/// That a limit is of no class, and which classes are like it.
pub fn of_no_class(unused: &Unused) -> String {
    let threshold = unused.threshold.to_string();
    let threshold = escaped(&threshold);
    if unused.is_filtered_out {
        return format!("the filter leaves out the classes of {threshold}");
    }
    format!(
        "no class for {threshold}{}",
        super::did_you_mean(&unused.similar)
    )
}

/// What a class has, what it may have, and by which limit.
fn sentence(outcome: &Outcome<'_>, style: ByteStyle) -> String {
    let most = match outcome.threshold.most {
        Most::Objects(count) => format!("at most {}", thousands(count.into())),
        Most::Bytes(count) if outcome.threshold.quantity == Quantity::MaxGrowth => {
            format!("at most {}", change(count, style))
        }
        Most::Bytes(count) => format!("at most {}", bytes(count, style)),
        Most::Percent(percent) => format!("at most +{percent} %"),
        Most::Below(Confidence::Possible) => "none may even be possible".into(),
        Most::Below(_) => "none may be likely".into(),
    };
    let found = match &outcome.found {
        Found::Alive { alive } => format!("{} alive", thousands((*alive).into())),
        Found::Bytes { bytes: count } => bytes(*count, style),
        Found::Growth {
            bytes_before,
            bytes: after,
            bytes_change,
            bytes_change_percent,
        } => {
            let percent = match bytes_change_percent {
                Some(percent) => format!(" ({percent:+.1} %)"),
                None => String::new(),
            };
            format!(
                "{}{percent}, from {} to {}",
                change(*bytes_change, style),
                bytes(*bytes_before, style),
                bytes(*after, style)
            )
        }
        Found::Leak(verdict) => leak(verdict),
    };
    let threshold = outcome.threshold.to_string();
    format!("{found}; {most} ({})", escaped(&threshold))
}

fn leak(verdict: &Verdict) -> String {
    format!(
        "leak {}, {}",
        super::leaks::confidence(verdict.confidence),
        super::leaks::pattern(verdict.pattern)
    )
}

/// What a class does, and why that is no breach.
fn ignored(outcome: &Outcome<'_>) -> String {
    let leak = match &outcome.found {
        Found::Leak(verdict) => leak(verdict) + "; ",
        _ => String::new(),
    };
    format!("{leak}{}", known::sentence(&outcome.known))
}

fn reasons(outcome: &Outcome<'_>) -> Vec<String> {
    match &outcome.found {
        Found::Leak(verdict) => super::reasons::sentences(&verdict.reasons),
        _ => Vec::new(),
    }
}

/// A text as an attribute of XML. Control characters, which XML cannot carry, are escaped as
/// everywhere; the two codes that are no characters are replaced.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escaped(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn xml_lines(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| xml(line)).collect();
    lines.join("\n")
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        assert_eq!(
            xml("<a b=\"'&'\">\n\x1b\u{ffff}"),
            "&lt;a b=&quot;&apos;&amp;&apos;&quot;&gt;\\n\\x1b\u{fffd}"
        );
        assert_eq!(property("100%,::error\n"), "100%25%2C%3A%3Aerror%0A");
    }
}
