//! A dump at a glance: what it is, the verdict on each class beside what it held, and the lines
//! that created most. All of it are the answers of other questions.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::info::Info;
use super::leaks::{Confidence, Leaks, LeaksOptions, Pattern};
use super::sites::{SiteRow, Sites, SitesOptions};
use super::trends::{ClassTrend, Trends, TrendsOptions};
use crate::error::Error;
use crate::model::Text;
use crate::select::Limit;
use crate::source::Source;

/// Lines of code that are told.
const MOST_SITES: usize = 3;

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
    verdicts: HashMap<Text<'d>, (Confidence, Pattern), RandomState>,
}

impl<'d> Overview<'d> {
    /// Asks the questions.
    ///
    /// # Errors
    ///
    /// If the dump cannot be read.
    pub fn of(source: &'d impl Source) -> Result<Self, Error> {
        let leaks = Leaks::of(
            source,
            &LeaksOptions {
                limit: Some(Limit::Count(0)),
                ..LeaksOptions::default()
            },
        )?;
        let verdict = |class: &super::leaks::ClassVerdict<'d>| {
            let verdict = &class.verdict;
            (class.class, (verdict.confidence, verdict.pattern))
        };
        Ok(Overview {
            info: Info::of(source)?,
            verdicts: leaks.classes().map(verdict).collect(),
            leaks,
            trends: Trends::of(source, &TrendsOptions::default())?,
            sites: lines_of_code(source)?,
        })
    }

    /// The verdict on a class; `None` if it never held anything.
    pub fn verdict(&self, class: &ClassTrend<'d>) -> Option<(Confidence, Pattern)> {
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
