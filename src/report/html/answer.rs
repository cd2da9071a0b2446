//! The answer first: what leaks, a card for each suspect, and why the other classes do not.
//! The verdicts come from `ctstats leaks`, as its words do.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use askama::Template;
use serde::Serialize;

use super::chart;
use super::names::Names;
use super::rendered;
use super::text::shown;
use crate::analysis::history::{ClassHistory, History};
use crate::analysis::leaks::{
    ClassVerdict, Confidence, Holder, Ignored, Leaks, Origin, Pattern, Reason, Suspect,
};
use crate::model::{ClassId, Text};
use crate::report::advice::Advice;
use crate::report::{known, leaks, reasons};
use crate::units::{ByteStyle, bytes, counted, short_time, thousands};

/// How many origins and attributes a card shows.
const MOST: usize = 3;

/// How many of the other classes have a line. The tables of classes have the verdict on each.
const MOST_LINES: usize = 20;

/// What stands for the file in commands if nobody knows its name.
const UNKNOWN_DUMP: &str = "DUMP";

/// The verdicts, by class.
pub(super) struct Verdicts<'p> {
    leaks: &'p Leaks<'p>,
    history: &'p History<'p>,
    names: &'p Names,
    dump: &'p Path,
    by_class: HashMap<ClassId, &'p ClassVerdict<'p>>,
    /// Those that are known and accepted.
    ignored: HashMap<ClassId, &'p Ignored<'p>>,
    /// Places in the history.
    places: HashMap<ClassId, usize>,
}

/// The first section of the index page.
#[derive(Template)]
#[template(path = "answer.html")]
struct Answer {
    headline: String,
    cards: Vec<String>,
    more_suspects: Vec<Line>,
    ignored: Vec<Line>,
    filling: Vec<Line>,
    cleared: Vec<Line>,
    more_cleared: Option<String>,
}

/// A class, and why its verdict is what it is.
struct Line {
    name: String,
    href: Option<String>,
    pattern: &'static str,
    why: String,
}

/// A suspect.
#[derive(Template)]
#[template(path = "card.html")]
struct Card {
    name: String,
    /// `None` on the page of the class itself.
    href: Option<String>,
    confidence: &'static str,
    pattern: &'static str,
    growth: String,
    spark: String,
    spark_text: String,
    facts: Vec<Fact>,
    commands: Vec<String>,
}

struct Fact {
    name: &'static str,
    lines: Vec<FactLine>,
}

struct FactLine {
    text: String,
    href: Option<String>,
    /// Source code that it is about.
    code: Option<String>,
}

impl From<String> for FactLine {
    fn from(text: String) -> Self {
        FactLine {
            text,
            href: None,
            code: None,
        }
    }
}

impl<'p> Verdicts<'p> {
    pub(super) fn of(
        leaks: &'p Leaks<'p>,
        history: &'p History<'p>,
        names: &'p Names,
        dump: &'p Path,
    ) -> Self {
        let classes = history.classes.iter().enumerate();
        Verdicts {
            leaks,
            history,
            names,
            dump: match dump.as_os_str().is_empty() {
                true => Path::new(UNKNOWN_DUMP),
                false => dump,
            },
            by_class: leaks.classes().map(|class| (class.id(), class)).collect(),
            ignored: leaks
                .ignored
                .iter()
                .map(|of| (of.verdict.id(), of))
                .collect(),
            places: classes.map(|(at, class)| (class.id, at)).collect(),
        }
    }

    /// The places of the suspects in the history, the first suspect first.
    pub(super) fn suspects(&self) -> impl Iterator<Item = usize> {
        let suspects = self.leaks.suspects.iter();
        suspects.filter_map(|suspect| self.places.get(&suspect.class.id()).copied())
    }

    /// The verdict on a class in a few words; of one that never held anything there is none.
    pub(super) fn words(&self, class: &ClassHistory<'_>) -> &'static str {
        if self.ignored.contains_key(&class.id) {
            return leaks::IGNORED;
        }
        match self.by_class.get(&class.id).map(|v| v.verdict.confidence) {
            Some(Confidence::Likely) => "likely leak",
            Some(Confidence::Possible) => "possible leak",
            Some(Confidence::Filling) => "may be filling",
            Some(Confidence::No) => "no leak seen",
            None => "no verdict",
        }
    }

    /// Whether a class is a suspect.
    pub(super) fn is_suspect(&self, class: &ClassHistory<'_>) -> bool {
        let verdict = self.by_class.get(&class.id);
        verdict.is_some_and(|v| {
            matches!(
                v.verdict.confidence,
                Confidence::Likely | Confidence::Possible
            )
        })
    }

    /// The snapshots after which suspects began to grow, and the suspects' names.
    pub(super) fn beginnings(&self) -> impl Iterator<Item = (usize, &str)> {
        self.leaks.suspects.iter().filter_map(|suspect| {
            let since = suspect.class.since.as_ref()?;
            let at = *self.places.get(&suspect.class.id())?;
            Some((since.snapshot.snapshot, self.names.shown(at)))
        })
    }

    /// The first section of the index page.
    pub(super) fn answer(&self) -> io::Result<String> {
        let cards = self.leaks.suspects.iter();
        let cards = cards.map(|suspect| rendered(&self.card(suspect, true)));
        let lines = |classes: &[ClassVerdict<'_>]| -> Vec<Line> {
            let shown = classes.iter().take(MOST_LINES);
            shown.map(|class| self.line(class)).collect()
        };
        let is_judged = self.leaks.snapshots >= 2;
        let cleared = &self.leaks.cleared[..if is_judged {
            self.leaks.cleared.len()
        } else {
            0
        }];
        let more = cleared.len().saturating_sub(MOST_LINES);
        rendered(&Answer {
            headline: leaks::headline(self.leaks),
            cards: cards.collect::<io::Result<_>>()?,
            more_suspects: lines(&self.leaks.more_suspects),
            ignored: self
                .leaks
                .ignored
                .iter()
                .map(|of| self.accepted(of))
                .collect(),
            filling: lines(&self.leaks.filling),
            cleared: lines(cleared),
            more_cleared: (more > 0).then(|| {
                format!(
                    "{}: the tables have the verdict on each.",
                    counted(more, "more class", "more classes")
                )
            }),
        })
    }

    /// The verdict on a class, for its own page.
    pub(super) fn of_class(&self, class: &ClassHistory<'_>) -> OneVerdict {
        let mut suspects = self.leaks.suspects.iter();
        if let Some(at) = suspects.position(|suspect| suspect.class.id() == class.id) {
            return OneVerdict::Suspect(at);
        }
        let ignored = self.ignored.get(&class.id);
        let verdict = ignored.map(|of| &of.verdict);
        match verdict.or(self.by_class.get(&class.id).copied()) {
            None => OneVerdict::None,
            Some(verdict) => OneVerdict::Other(Verdict {
                words: self.words(class),
                pattern: leaks::pattern(verdict.verdict.pattern),
                reasons: ignored
                    .map(|of| known::sentence(&of.known))
                    .into_iter()
                    .chain(reasons::sentences(&verdict.verdict.reasons))
                    .collect(),
            }),
        }
    }

    /// The same as markup.
    pub(super) fn shown(&self, verdict: &OneVerdict) -> io::Result<String> {
        match verdict {
            OneVerdict::Suspect(at) => rendered(&self.card(&self.leaks.suspects[*at], false)),
            OneVerdict::Other(verdict) => rendered(verdict),
            OneVerdict::None => Ok(NO_VERDICT.into()),
        }
    }

    fn line(&self, class: &ClassVerdict<'_>) -> Line {
        let at = self.places.get(&class.id());
        let reasons = reasons::sentences(&class.verdict.reasons);
        Line {
            name: at.map_or_else(|| shown(class.class), |&at| self.names.shown(at).to_owned()),
            href: at.map(|&at| self.names.href(at, class.id())),
            pattern: leaks::pattern(class.verdict.pattern),
            why: reasons.into_iter().next_back().unwrap_or_default(),
        }
    }

    /// A class that is known and accepted, and why.
    fn accepted(&self, ignored: &Ignored<'_>) -> Line {
        Line {
            why: known::sentence(&ignored.known),
            ..self.line(&ignored.verdict)
        }
    }

    fn card(&self, suspect: &Suspect<'p>, is_linked: bool) -> Card {
        let class = &suspect.class;
        let at = self.places.get(&class.id()).copied();
        let (spark, spark_text) = at.map_or_else(Default::default, |at| self.spark(at));
        let line = self.line(class);
        let advice = Advice::on(suspect, self.leaks, self.dump);
        let page = line.href.as_ref().filter(|_| is_linked).cloned();
        let page = page
            .filter(|page| !page.starts_with('#'))
            .unwrap_or_default();
        let id = class.id();
        let mut facts = facts(suspect, |address| {
            format!("{page}#class-{id}-instance-{address}")
        });
        facts.extend(advice.recording.map(|line| Fact {
            name: "next recording",
            lines: vec![FactLine {
                text: "This line records what is missing here:".into(),
                href: None,
                code: Some(line),
            }],
        }));
        Card {
            name: line.name,
            href: line.href.filter(|_| is_linked),
            confidence: leaks::confidence(class.verdict.confidence),
            pattern: line.pattern,
            growth: leaks::grew(&class.evidence, ByteStyle::Units),
            spark,
            spark_text,
            facts,
            commands: advice.next,
        }
    }

    /// The bytes of a class over time, drawn and in words.
    pub(super) fn spark(&self, at: usize) -> (String, String) {
        let class = &self.history.classes[at];
        let (seconds, places) = self.history.timed();
        let sums = places.iter().map(|&place| class.held[place].sum_bytes);
        let values: Vec<f64> = sums.map(|sum| sum as f64).collect();
        let size = |count| bytes(count, ByteStyle::Units);
        let of = |held: Option<&crate::analysis::history::ClassUsage>| {
            size(held.map_or(0, |held| held.sum_bytes))
        };
        let text = format!(
            "{} at first, {} at most, {} at last",
            of(class.held.first()),
            size(class.most_bytes()),
            of(class.held.last())
        );
        (chart::spark(&seconds, &values), text)
    }
}

const NO_VERDICT: &str = "<p class=\"nothing\">No verdict: no instance held anything.</p>";

/// The verdict on one class.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OneVerdict {
    /// The suspect of this place, whose card the index page has.
    Suspect(usize),
    Other(Verdict),
    /// Nothing was judged.
    None,
}

/// The verdict on a class that is no suspect.
#[derive(Template, Serialize)]
#[template(path = "verdict.html")]
pub(super) struct Verdict {
    words: &'static str,
    pattern: &'static str,
    reasons: Vec<String>,
}

/// What is known of a suspect. `instance` refers to one by its address.
fn facts(suspect: &Suspect<'_>, instance: impl Fn(&str) -> String) -> Vec<Fact> {
    let class = &suspect.class;
    let fact = |name, lines: Vec<FactLine>| (!lines.is_empty()).then_some(Fact { name, lines });
    let since = class
        .since
        .iter()
        .map(|since| FactLine::from(shown(Text::new(&leaks::beginning(since)))));
    let is_rate =
        |reason: &Reason| matches!(reason, Reason::Slopes { .. } | Reason::Weightless { .. });
    let (rate, evidence): (Vec<Reason>, Vec<Reason>) = class
        .verdict
        .reasons
        .iter()
        .partition(|&reason| is_rate(reason));
    let lines = |of: &[Reason]| {
        reasons::sentences(of)
            .into_iter()
            .map(FactLine::from)
            .collect()
    };
    let kept = &suspect.kept;
    let origins = kept.origins.iter().filter(|origin| origin.file.is_some());
    let held = match class.verdict.pattern {
        Pattern::Swelling => "grew in",
        _ => "held in",
    };
    let holders = kept.holders.iter().take(MOST);
    let hints = suspect.hints.iter().map(|hint| {
        let sentence = leaks::hint_sentence(hint, class.class, ByteStyle::Units);
        FactLine::from(shown(Text::new(&sentence)))
    });
    let oldest = kept.oldest.iter().take(1).map(|object| {
        let born = object.birth_seconds.map_or("?".into(), short_time);
        FactLine {
            text: format!(
                "born {born}, {}, at {}",
                bytes(object.size_bytes.into(), ByteStyle::Units),
                shown(Text::new(&object.address))
            ),
            href: Some(instance(&object.address)),
            code: Some(shown(object.repr)).filter(|repr| !repr.is_empty()),
        }
    });
    let small = "It is small: less than a ten-thousandth of the process.";
    [
        fact(
            "size",
            class
                .is_small
                .then(|| small.to_owned().into())
                .into_iter()
                .collect(),
        ),
        fact("grows since", since.collect()),
        fact("rate", lines(&rate)),
        fact("evidence", lines(&evidence)),
        fact(
            "created by",
            origins.take(MOST).flat_map(origin_lines).collect(),
        ),
        fact(held, holders.map(|h| holder_line(class.class, h)).collect()),
        fact("hint, no proof", hints.collect()),
        fact("oldest", oldest.collect()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn origin_lines(origin: &Origin<'_>) -> Vec<FactLine> {
    let mut lines = vec![FactLine {
        text: format!(
            "{}: {}, {}",
            shown(Text::new(&leaks::place(origin))),
            bytes(origin.size_bytes, ByteStyle::Units),
            format_args!("{} that stay", thousands(origin.objects.into()))
        ),
        href: None,
        code: origin.source.map(shown),
    }];
    if let Some((place, source)) = leaks::asked_for_by(origin) {
        lines.push(FactLine {
            text: format!("asked for by {}", shown(Text::new(&place))),
            href: None,
            code: source.map(shown),
        });
    }
    lines
}

fn holder_line(class: Text<'_>, holder: &Holder<'_>) -> FactLine {
    let path = leaks::holder_path(class, holder);
    format!(
        "{} {}",
        shown(Text::new(&path)),
        leaks::held(holder, ByteStyle::Units)
    )
    .into()
}
