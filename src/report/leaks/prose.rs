//! The verdict as prose with figures, for people.

use std::io::{self, Write};
use std::path::Path;

use super::{
    advised, asked_for_by, confidence, grew, headline, hint_sentence, holder_path, limits, pattern,
    place, since_sentence, snapshot,
};
use crate::analysis::leaks::{
    ClassVerdict, Holder, Ignored, Leaks, Origin, Pattern, Reason, SurvivorObject, Suspect,
};
use crate::model::Text;
use crate::report::advice::Advice;
use crate::report::class_names::ClassNames;
use crate::report::fit::{clipped, clipped_left, width_of};
use crate::report::form::table::Style;
use crate::report::prose::Prose;
use crate::report::{coverage, known, reasons, traps};
use crate::units::{change, counted, share, short_time, thousands};

/// A colon, and blanks between what stands behind the name of a suspect.
const BEHIND_NAME: usize = ": ".len() + " ".len();

/// How many classes are named of which only the verdict is told.
const MOST_LISTED: usize = 10;

/// Writes prose with figures, for people. `dump` is the file that the commands in it name.
pub(super) fn table(
    out: &mut impl Write,
    leaks: &Leaks<'_>,
    dump: &Path,
    style: Style,
) -> io::Result<()> {
    let mut page = Prose {
        out,
        width: style.page_width(),
        bytes: style.bytes,
        paint: style.paint,
    };
    page.paragraph("", &headline(leaks))?;
    // Names that must be cut are cut to the shortest line, so that no two read alike.
    let taken = leaks.suspects.iter().map(|suspect| {
        let [leak, what] = page.verdict(suspect);
        width_of(&leak) + width_of(&what) + BEHIND_NAME
    });
    let room = page.width.saturating_sub(taken.max().unwrap_or_default());
    let names = ClassNames::of(leaks.suspects.iter().map(|s| s.class.class), room);
    for suspect in &leaks.suspects {
        page.suspect(suspect, &names, leaks)?;
        page.advice(&Advice::on(suspect, leaks, dump))?;
    }
    if !leaks.more_suspects.is_empty() {
        page.heading("Suspects that were not looked at closely; --limit looks at more")?;
        page.list(&leaks.more_suspects)?;
    }
    page.ignored(&leaks.ignored)?;
    if !leaks.filling.is_empty() {
        page.heading("Still filling, as a cache does")?;
        page.list(&leaks.filling)?;
        if let Some(telling) = longest_telling(leaks) {
            page.item("  ", &telling)?;
        }
    }
    page.cleared(leaks)?;
    page.referrers(leaks, dump)?;
    let coverage = coverage::sentences(&leaks.coverage);
    if !coverage.is_empty() {
        page.heading("How much the tracked classes explain")?;
        page.paragraph("", &coverage.join(" "))?;
    }
    page.traps(leaks)?;
    if leaks.snapshots >= 2 && leaks.objects > 0 {
        page.heading("What this data cannot prove")?;
        for limit in &limits(leaks) {
            page.item("- ", limit)?;
        }
    }
    Ok(())
}

/// How long a recording would tell of all that fill up.
fn longest_telling(leaks: &Leaks<'_>) -> Option<String> {
    let reasons = leaks
        .filling
        .iter()
        .flat_map(|class| &class.verdict.reasons);
    let spans = reasons.filter_map(|reason| match *reason {
        Reason::GrowthSlowsDown {
            telling_span_seconds,
            span_seconds,
        } => Some((telling_span_seconds, span_seconds)),
        _ => None,
    });
    // One of which it is not to be told needs the longest.
    let telling = |telling: Option<f64>| telling.unwrap_or(f64::INFINITY);
    let (span, recorded) = spans.max_by(|a, b| telling(a.0).total_cmp(&telling(b.0)))?;
    Some(reasons::telling(span, recorded))
}

impl<W: Write> Prose<'_, W> {
    fn suspect(
        &mut self,
        suspect: &Suspect<'_>,
        names: &ClassNames<'_>,
        leaks: &Leaks<'_>,
    ) -> io::Result<()> {
        let verdict = &suspect.class.verdict;
        let [leak, what] = self.verdict(suspect);
        let taken = width_of(&leak) + width_of(&what) + BEHIND_NAME;
        let name = names.beside(suspect.class.class, self.width.saturating_sub(taken));
        writeln!(
            self.out,
            "\n{}: {} {what}",
            self.paint.subject(name),
            self.paint.growth(leak),
        )?;
        for reason in &reasons::sentences(&verdict.reasons) {
            self.item("  - ", reason)?;
        }
        if let Some(since) = &suspect.class.since {
            self.item("  - ", &since_sentence(since))?;
        }
        if suspect.class.is_small {
            self.item(
                "  - ",
                "it is small: less than a ten-thousandth of the process",
            )?;
        }
        let kept = &suspect.kept;
        let swells = verdict.pattern == Pattern::Swelling;
        if let Some(between) = leaks.between.as_ref().filter(|_| !swells) {
            let hold = match suspect.class.evidence.weightless {
                true => String::new(),
                false => format!(" hold {}", self.size(kept.size_bytes)),
            };
            let text = format!(
                "{} born between {} and {} and alive at {}{hold}",
                thousands(kept.objects.into()),
                snapshot(&between.from),
                snapshot(&between.to),
                snapshot(&between.alive_at),
            );
            self.item("  - ", &text)?;
        }
        let traced = kept.origins.iter().any(|origin| origin.file.is_some());
        if traced {
            writeln!(self.out, "  created by")?;
            for origin in &kept.origins {
                self.origin(origin)?;
            }
            if kept.more_origins > 0 {
                let more = counted(kept.more_origins, "more line", "more lines");
                writeln!(self.out, "    {more}")?;
            }
        }
        if !kept.holders.is_empty() {
            let heading = if swells { "grew in" } else { "held in" };
            writeln!(self.out, "  {heading}")?;
            for holder in &kept.holders {
                self.holder(suspect.class.class, holder)?;
            }
        }
        if !suspect.hints.is_empty() {
            writeln!(self.out, "  may be held by (a hint from names, no proof)")?;
        }
        for hint in &suspect.hints {
            let sentence = hint_sentence(hint, suspect.class.class, self.bytes);
            self.item("    - ", &sentence)?;
        }
        if kept.oldest == kept.largest {
            return self.objects("oldest and largest", &kept.oldest);
        }
        self.objects("oldest", &kept.oldest)?;
        self.objects("largest", &kept.largest)
    }

    /// What stands behind a suspect's name.
    fn verdict(&self, suspect: &Suspect<'_>) -> [String; 2] {
        let verdict = &suspect.class.verdict;
        let growth = grew(&suspect.class.evidence, self.bytes);
        [
            format!("leak {}", confidence(verdict.confidence)),
            format!("({}, {growth})", pattern(verdict.pattern)),
        ]
    }

    /// Lines that are to be copied, so they are not wrapped.
    fn advice(&mut self, advice: &Advice) -> io::Result<()> {
        let recording: Vec<String> = advice.recording.iter().cloned().collect();
        for (heading, lines) in [
            ("next", &advice.next),
            ("for the next recording", &recording),
        ] {
            if lines.is_empty() {
                continue;
            }
            writeln!(self.out, "  {heading}")?;
            for line in lines {
                writeln!(self.out, "    {line}")?;
            }
        }
        Ok(())
    }

    /// Lines that show who refers to an instance of the first suspect that they can name: those of
    /// the others differ in the name alone.
    fn referrers(&mut self, leaks: &Leaks<'_>, dump: &Path) -> io::Result<()> {
        let mut lines = advised(leaks, dump).map(|advised| advised.advice.python);
        let Some(lines) = lines.find(|lines| !lines.is_empty()) else {
            return Ok(());
        };
        self.heading("Who refers to one, at a Python prompt inside the program")?;
        for line in lines {
            writeln!(self.out, "    {line}")?;
        }
        Ok(())
    }

    /// Figures, then what they are of, cut to the page.
    fn row(&mut self, figures: &str, text: Text<'_>) -> io::Result<()> {
        let room = self.width.saturating_sub(figures.chars().count() + 6);
        let line = format!("    {figures}  {}", clipped(text, room));
        writeln!(self.out, "{}", line.trim_end())
    }

    fn origin(&mut self, origin: &Origin<'_>) -> io::Result<()> {
        let figures = format!(
            "{:>10} {:>8} {:>7}",
            self.size(origin.size_bytes),
            share(origin.share_percent),
            format!("× {}", thousands(origin.objects.into()))
        );
        let room = self.width.saturating_sub(figures.chars().count() + 6);
        let place = clipped_left(Text::new(&place(origin)), room);
        writeln!(self.out, "    {figures}  {place}")?;
        let indent = " ".repeat(figures.chars().count() + 6);
        self.source(&indent, room, origin.source)?;
        let Some((place, source)) = asked_for_by(origin) else {
            return Ok(());
        };
        let lead = "asked for by ";
        let place = clipped_left(Text::new(&place), room.saturating_sub(lead.len()));
        writeln!(self.out, "{indent}{lead}{place}")?;
        self.source(&indent, room, source)
    }

    fn source(&mut self, indent: &str, room: usize, source: Option<Text<'_>>) -> io::Result<()> {
        match source {
            Some(source) => {
                let source = clipped(source, room.saturating_sub(2));
                writeln!(self.out, "{indent}  {}", self.paint.aside(source))
            }
            None => Ok(()),
        }
    }

    fn holder(&mut self, class: Text<'_>, holder: &Holder<'_>) -> io::Result<()> {
        let bytes = match holder.growth_bytes {
            Some(growth) => change(growth, self.bytes),
            None => self.size(holder.size_bytes),
        };
        let figures = format!(
            "{bytes:>10} {:>8} {:>7}",
            share(holder.share_percent),
            format!("× {}", thousands(holder.count.into()))
        );
        self.row(&figures, Text::new(&holder_path(class, holder)))
    }

    fn objects(&mut self, what: &str, objects: &[SurvivorObject<'_>]) -> io::Result<()> {
        if objects.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "  {what}")?;
        for object in objects {
            let figures = format!(
                "{:>10} born {:>7}  {:<14}",
                self.size(object.size_bytes.into()),
                object.birth_seconds.map_or("?".into(), short_time),
                clipped(Text::new(&object.address), 30)
            );
            self.row(&figures, object.repr)?;
        }
        Ok(())
    }

    /// A line for each of the first classes.
    fn list(&mut self, classes: &[ClassVerdict<'_>]) -> io::Result<()> {
        self.list_with(classes.iter().map(|class| (class, None)))
    }

    /// The same, each with what more there is to say.
    fn list_with<'c, 'd: 'c>(
        &mut self,
        classes: impl ExactSizeIterator<Item = (&'c ClassVerdict<'d>, Option<String>)> + Clone,
    ) -> io::Result<()> {
        let shown = classes.clone().take(MOST_LISTED);
        let style = self.bytes;
        let figures = |class: &ClassVerdict<'_>| {
            format!(
                "{:>10}  {:<12}",
                grew(&class.evidence, style),
                pattern(class.verdict.pattern)
            )
        };
        let taken = shown
            .clone()
            .map(|(class, _)| width_of(&figures(class)) + 4);
        let room = self.width.saturating_sub(taken.max().unwrap_or_default());
        let names = ClassNames::of(shown.clone().map(|(class, _)| class.class), room);
        for (class, more) in shown {
            let figures = figures(class);
            writeln!(self.out, "  {figures}  {}", names.cut(class.class))?;
            if let Some(more) = more {
                self.item("      ", &more)?;
            }
        }
        let more = classes.len().saturating_sub(MOST_LISTED);
        if more > 0 {
            let more = counted(more, "more class", "more classes");
            writeln!(self.out, "  and {more}")?;
        }
        Ok(())
    }

    /// The classes that are known and accepted, each with the reason.
    fn ignored(&mut self, ignored: &[Ignored<'_>]) -> io::Result<()> {
        if ignored.is_empty() {
            return Ok(());
        }
        self.heading("Ignored suspects")?;
        let ignored = ignored.iter();
        self.list_with(ignored.map(|one| (&one.verdict, Some(known::sentence(&one.known)))))
    }

    fn traps(&mut self, leaks: &Leaks<'_>) -> io::Result<()> {
        if leaks.traps.is_empty() {
            return Ok(());
        }
        self.heading("Traps of this recording, and what mends them in the next")?;
        for trap in traps::told(&leaks.traps) {
            let (sentence, python) = trap.lines();
            self.item("- ", &sentence)?;
            // To be copied, so they are not wrapped.
            for line in python {
                writeln!(self.out, "    {line}")?;
            }
        }
        Ok(())
    }

    fn cleared(&mut self, leaks: &Leaks<'_>) -> io::Result<()> {
        if leaks.cleared.is_empty() || leaks.snapshots < 2 {
            return Ok(());
        }
        self.heading("No leak as far as this shows")?;
        self.list(&leaks.cleared)?;
        Ok(())
    }
}
