//! How users name a snapshot of a dump.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::model::{Contents, Snapshot};
use crate::similar::{did_you_mean, similar};
use crate::units::escaped;

/// Names one snapshot of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotSelector {
    /// Its number from 0; negative from the end, -1 the last.
    Index(i64),
    /// The first one.
    First,
    /// The last one.
    Last,
    /// The largest one.
    Peak,
    /// All with this description.
    Description(String),
}

impl FromStr for SnapshotSelector {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "first" => SnapshotSelector::First,
            "last" => SnapshotSelector::Last,
            "peak" => SnapshotSelector::Peak,
            _ => text.parse().map_or_else(
                |_| SnapshotSelector::Description(text.into()),
                SnapshotSelector::Index,
            ),
        })
    }
}

impl fmt::Display for SnapshotSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotSelector::Index(index) => write!(f, "{index}"),
            SnapshotSelector::First => f.write_str("first"),
            SnapshotSelector::Last => f.write_str("last"),
            SnapshotSelector::Peak => f.write_str("peak"),
            SnapshotSelector::Description(text) => f.write_str(text),
        }
    }
}

impl SnapshotSelector {
    /// The snapshots it names, in the order of the dump; none if there is no such one.
    pub fn find<'d>(&self, dump: &'d Contents) -> Vec<Snapshot<'d>> {
        let mut all = dump.snapshots();
        let one = match self {
            SnapshotSelector::First => all.next(),
            SnapshotSelector::Last => all.next_back(),
            SnapshotSelector::Peak => dump.peak_snapshot(),
            SnapshotSelector::Index(index) => usize::try_from(*index)
                .ok()
                .or_else(|| {
                    all.len()
                        .checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
                })
                .and_then(|index| all.nth(index)),
            SnapshotSelector::Description(text) => {
                return all
                    .filter(|s| s.description().to_str() == text.as_str())
                    .collect();
            }
        };
        one.into_iter().collect()
    }

    /// The first snapshot that it names.
    pub(super) fn first<'d>(&self, dump: &'d Contents) -> Result<Snapshot<'d>, Error> {
        let first = self.find(dump).first().copied();
        first.ok_or_else(|| self.names_none(dump))
    }

    /// Says that it names no snapshot of a dump, and which snapshots there are.
    pub(super) fn names_none(&self, dump: &Contents) -> Error {
        let selector = self.to_string();
        let similar = did_you_mean(&similar_snapshots(dump, &selector));
        let selector = escaped(&selector);
        let count = dump.snapshots().len();
        let Some(last) = count.checked_sub(1) else {
            return Error::NoSnapshot(format!(
                "no snapshot '{selector}': the dump has no snapshots; tracker.create_snapshot() records one"
            ));
        };
        let names = dump.snapshots().map(Snapshot::description);
        let names = names.filter(|name| !name.is_empty()).take(MOST_NAMED);
        let names: Vec<String> = names
            .map(|name| format!("'{}'", escaped(&name.head(MOST_CHARACTERS).to_str())))
            .collect();
        let described = if names.is_empty() {
            String::new()
        } else {
            format!(", described as {}", names.join(", "))
        };
        Error::NoSnapshot(format!(
            "no snapshot '{selector}': there are 0 to {last}{described}{similar}"
        ))
    }
}

/// So many descriptions are told, and so much of each.
const MOST_NAMED: usize = 8;
const MOST_CHARACTERS: usize = 40;

/// So many descriptions of snapshots are compared with a selector that names none.
const MOST_COMPARED: usize = 10_000;

/// What may be meant by a selector that names no snapshot.
fn similar_snapshots(dump: &Contents, selector: &str) -> Vec<String> {
    let words = ["first", "last", "peak"].map(String::from);
    let descriptions = dump.snapshots().take(MOST_COMPARED);
    let descriptions = descriptions.map(|snapshot| snapshot.description().head(100).to_string());
    let names: Vec<String> = words.into_iter().chain(descriptions).collect();
    let found = similar(selector, names.iter().map(String::as_str));
    found.into_iter().map(String::from).collect()
}
