//! The tree of what an object refers to, as rows. Trees may share parts or contain
//! themselves, so the walk is iterative and has a budget of depth and of rows.

use serde::Serialize;

use super::long_texts::LongTexts;
use crate::model::{Asized, AsizedId, Contents, MAX_LEVEL, Text};
use crate::select::first;

/// How many rows one tree may have. A tree that shares parts can unfold to 2⁴⁰.
pub const MAX_ROWS: usize = 100_000;

/// How many rows all trees of a dump may have together, for each referent that it holds and for a
/// start: trees of honest dumps share next to nothing, but an object may be listed in several
/// classes. So many referents may be looked at for each row.
const ROWS_PER_REFERENT: u64 = 4;
const ROWS_TO_START: u64 = 1 << 17;
const LOOKS_PER_ROW: u64 = 4;

/// How many rows, and looks, a block of objects may take that is made apart from others. Few take
/// a hundredth of it.
const ROWS_OF_A_BLOCK: u64 = 1 << 20;

/// Sizes no larger than this share of the object are left out where a report asks for
/// what matters: Pympler's `minpct`, in percent.
pub const NOTABLE_PERCENT: f64 = 0.1;

/// Which referents to visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Those above [`NOTABLE_PERCENT`] of the object.
    Notable,
    /// Every one.
    All,
}

/// What a walk left out because its budget was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Whether anything was left out.
    pub cut: bool,
}

/// A referent in its tree.
#[derive(Clone, Copy)]
pub struct ReferentRow<'d> {
    /// 1 for what the object refers to itself, 2 for what that refers to.
    pub level: usize,
    /// The referent.
    pub asized: Asized<'d>,
    /// Its size as a share of the object's, in percent; at every level of the object's.
    pub share_percent: f64,
}

/// A referent as reports write it.
#[derive(Clone, Debug, Serialize)]
pub struct ReferentDetail<'d> {
    /// As [`ReferentRow::level`].
    pub level: usize,
    /// Attribute, key or repr; `None` where Pympler gave none.
    pub name: Option<Text<'d>>,
    /// Bytes with all that it refers to.
    pub size_bytes: i64,
    /// Bytes of its own.
    pub flat_bytes: i64,
    /// As [`ReferentRow::share_percent`].
    pub share_percent: f64,
}

/// Walks one tree after the other without allocating for each.
pub struct Walker {
    /// Rows left to visit in all trees together.
    budget: u64,
    /// Referents left to look at.
    looks: u64,
    /// Whether something was left out for want of either.
    is_spent: bool,
    /// Children that wait, the next one last: level, number, size in bytes.
    waiting: Vec<(usize, AsizedId, i64)>,
}

impl Walker {
    /// A walker of the trees of a dump.
    pub fn of(dump: &Contents) -> Self {
        let referents = dump.all_referents();
        let budget = ROWS_PER_REFERENT.saturating_mul(referents);
        let budget = budget.saturating_add(ROWS_TO_START);
        Walker {
            budget,
            looks: budget.saturating_mul(LOOKS_PER_ROW),
            is_spent: false,
            waiting: Vec::new(),
        }
    }

    /// Begins a block of objects that is made apart from those before and behind it. It has a budget
    /// of its own; that of all is charged when the block takes its place.
    pub(crate) fn begin_block(&mut self) {
        self.budget = ROWS_OF_A_BLOCK;
        self.looks = ROWS_OF_A_BLOCK * LOOKS_PER_ROW;
        self.is_spent = false;
    }

    /// Whether the block's own budget was enough.
    pub(crate) fn is_within_bounds(&self) -> bool {
        !self.is_spent
    }

    /// Whether as much is left as a block took that was [within bounds](Walker::is_within_bounds).
    /// If there is less, its objects would look otherwise.
    pub(crate) fn covers(&self, block: &Walker) -> bool {
        let (rows, looks) = block.taken();
        self.budget >= rows && self.looks >= looks
    }

    /// Charges what a block took, which [must be left](Walker::covers).
    pub(crate) fn charge(&mut self, block: &Walker) {
        let (rows, looks) = block.taken();
        self.budget -= rows;
        self.looks -= looks;
    }

    /// Rows and looks that a block took of its own budget.
    fn taken(&self) -> (u64, u64) {
        let looks = ROWS_OF_A_BLOCK * LOOKS_PER_ROW - self.looks;
        (ROWS_OF_A_BLOCK - self.budget, looks)
    }

    /// Visits the referents of an object in the order in which Pympler prints them: the
    /// largest first, among equals the last recorded first, each before its own. Fails as `visit`
    /// does.
    pub fn walk<'d, E>(
        &mut self,
        root: Asized<'d>,
        depth: Depth,
        mut visit: impl FnMut(ReferentRow<'d>) -> Result<(), E>,
    ) -> Result<Cut, E> {
        let total = root.size_bytes();
        let mut rows = 0;
        self.waiting.clear();
        let mut cut = Cut {
            cut: !self.expand(root, 1, depth, total),
        };
        while let Some((level, id, size_bytes)) = self.waiting.pop() {
            self.is_spent |= self.budget == 0;
            if rows == MAX_ROWS || self.budget == 0 {
                return Ok(Cut { cut: true });
            }
            rows += 1;
            self.budget -= 1;
            let asized = Asized {
                dump: root.dump,
                id,
            };
            visit(ReferentRow {
                level,
                asized,
                share_percent: share(size_bytes, total),
            })?;
            // What waits is bounded as well: each level of a wide tree adds its width.
            if level < MAX_LEVEL && self.waiting.len() < MAX_ROWS {
                cut.cut |= !self.expand(asized, level + 1, depth, total);
            } else if asized.referent_count() > 0 {
                cut.cut = true;
            }
        }
        Ok(cut)
    }

    /// Puts the referents of `parent` on the pile: smallest first, among equals the first recorded
    /// first. `false` if they are too many to be looked at.
    fn expand(&mut self, parent: Asized<'_>, level: usize, depth: Depth, total: i64) -> bool {
        let count = parent.referent_count();
        let Some(looks) = self.looks.checked_sub(count as u64) else {
            self.is_spent = true;
            return false;
        };
        self.looks = looks;
        let referents = parent.referents().map(|referent| {
            let size = referent.size_bytes();
            (level, referent.id, size)
        });
        let counts = |&(_, _, size): &(usize, AsizedId, i64)| {
            // Of nothing there is no share; Pympler divides by zero here.
            let notable = size > 0 && total != 0 && share(size, total) > NOTABLE_PERCENT;
            depth == Depth::All || notable
        };
        let start = self.waiting.len();
        if count <= MAX_ROWS {
            self.waiting.extend(referents.filter(counts));
            self.waiting[start..].sort_by_key(|&(_, _, size)| size);
            return true;
        }
        // Of more no tree shows all, and only those that come first need to wait.
        let placed = referents
            .enumerate()
            .filter(|(_, referent)| counts(referent));
        let come_first = first(placed, MAX_ROWS + 1, |(place, a), (other, b)| {
            b.2.cmp(&a.2).then(other.cmp(place))
        });
        let waiting = come_first.into_iter().rev();
        self.waiting.extend(waiting.map(|(_, referent)| referent));
        true
    }
}

fn share(size_bytes: i64, total_bytes: i64) -> f64 {
    if total_bytes == 0 {
        return 0.0;
    }
    size_bytes as f64 * 100.0 / total_bytes as f64
}

/// The notable or all referents of an object, ready to be written.
pub(crate) fn details<'d>(
    walker: &mut Walker,
    texts: &mut LongTexts,
    root: Asized<'d>,
    depth: Depth,
) -> (Vec<ReferentDetail<'d>>, Cut) {
    let mut rows = Vec::new();
    let outcome = walker.walk(root, depth, |row| -> Result<(), std::convert::Infallible> {
        rows.push(ReferentDetail {
            level: row.level,
            name: row.asized.name().map(|name| texts.shown(name)),
            size_bytes: row.asized.size_bytes(),
            flat_bytes: row.asized.flat_bytes(),
            share_percent: row.share_percent,
        });
        Ok(())
    });
    match outcome {
        Ok(cut) => (rows, cut),
        Err(never) => match never {},
    }
}
