//! A dump at a glance: what it is, the verdict on each class beside what it held, and the lines
//! that created most. All of it are the answers of other questions.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::info::Info;
use super::leaks::{ClassVerdict, Confidence, KnownLeak, Leaks, LeaksOptions, Pattern};
use super::sites::{SiteRow, Sites, SitesOptions};
use super::trends::{ClassTrend, Trends, TrendsOptions};
use crate::error::Error;
use crate::model::Text;
use crate::select::Limit;
use crate::source::Source;

/// Lines of code that are told.
const MOST_SITES: usize = 3;

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct OverviewOptions {
    /// As [`LeaksOptions::min_growth_bytes`].
    pub min_growth_bytes: u64,
    /// As [`LeaksOptions::known`].
    pub known: Vec<KnownLeak>,
}

/// What is said of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassWord {
    /// How sure it is that it leaks.
    pub confidence: Confidence,
    /// What it did.
    pub pattern: Pattern,
    /// Whether it is known and accepted, and so no suspect.
    pub is_ignored: bool,
}

/// A dump at a glance.
pub struct Overview<'d> {
    /// What it is.
    pub info: Info<'d>,
    /// The verdicts; no suspect is looked at closely.
    pub leaks: Leaks<'d>,
    /// The classes over the snapshots: those that held most at their own peaks first.
    pub trends: Trends<'d>,
    /// The lines that created most, by the largest sizes of all objects.
    pub sites: Vec<SiteRow<'d>>,
    verdicts: HashMap<Text<'d>, ClassWord, RandomState>,
}

impl<'d> Overview<'d> {
    /// Asks the questions.
    ///
    /// # Errors
    ///
    /// If the dump cannot be read.
    pub fn of(source: &'d impl Source, options: &OverviewOptions) -> Result<Self, Error> {
        let leaks = Leaks::of(
            source,
            &LeaksOptions {
                limit: Some(Limit::Count(0)),
                min_growth_bytes: options.min_growth_bytes,
                known: options.known.clone(),
                ..LeaksOptions::default()
            },
        )?;
        let word = |class: &ClassVerdict<'d>, is_ignored| {
            let word = ClassWord {
                confidence: class.verdict.confidence,
                pattern: class.verdict.pattern,
                is_ignored,
            };
            (class.class, word)
        };
        let classes = leaks.classes().map(|class| word(class, false));
        let ignored = leaks.ignored.iter().map(|one| word(&one.verdict, true));
        Ok(Overview {
            info: Info::with(source, leaks.traps.clone())?,
            verdicts: classes.chain(ignored).collect(),
            leaks,
            trends: Trends::of(source, &TrendsOptions::default())?,
            sites: lines_of_code(source)?,
        })
    }

    /// The verdict on a class; `None` if it never held anything.
    pub fn verdict(&self, class: &ClassTrend<'d>) -> Option<ClassWord> {
        self.verdicts.get(&class.class).copied()
    }
}

/// The lines that created most; none where no object has a trace.
fn lines_of_code<'d>(source: &'d impl Source) -> Result<Vec<SiteRow<'d>>, Error> {
    if source.digest()?.is_without_traces() {
        return Ok(Vec::new());
    }
    // Objects without a trace are one of the sites, and no line.
    let options = SitesOptions {
        limit: Some(Limit::Count(MOST_SITES as u64 + 1)),
        ..SitesOptions::default()
    };
    let sites = Sites::of(source, &options)?.sites.into_iter();
    let traced = sites.filter(|site| !site.frames.is_empty());
    Ok(traced.take(MOST_SITES).collect())
}
