//! What follows from the other columns and is kept so that a question needs none of them.

use super::column::{PackedColumn, all};
use super::container::{SectionOut, Sections};
use super::rows::FileRows;
use super::tables::{Jobs, same_length};
use crate::model::subset;
use crate::model::{
    ClassId, ClassRow, ClassTotals, Cohort, Cohorts, Contents, Figures, KeptMergedTrees, MAX_LEVEL,
    MOST_NODES, MergedTree, MergedTrees, Node, Place, Population, Survivors, TextArena, TextId,
    Totals, moments,
};
use crate::pickle::{Fault, Outcome, malformed};

/// The columns; a file may be without them.
const COLUMNS: [&str; 14] = [
    "cell.times",
    "cell.active",
    "cell.sum",
    "cell.p_sum",
    "cohort.end",
    "cohort.birth",
    "cohort.death",
    "cohort.count",
    "tree.nodes",
    "tree.parent",
    "tree.name",
    "tree.count",
    "tree.size",
    "tree.flat",
];

pub(super) fn totals(totals: &Totals) -> SectionOut<'static> {
    let Totals {
        objects,
        alive,
        samples,
        referents,
        traces,
        span_seconds,
        has_sizes,
        // The column says it.
        asized: _,
    } = totals;
    let counts = [*objects, *alive, *samples, *referents, *traces];
    SectionOut::value(&(counts, span_seconds, has_sizes))
}

/// The totals. What there is of a thing is told by its column; who is alive, and when, is compared
/// by those who read lives.
pub(super) fn read_totals(sections: &Sections) -> Outcome<Totals> {
    type Value = ([u64; 5], Option<(f64, f64)>, bool);
    let (counts, span_seconds, has_sizes): Value = sections.value("totals")?;
    let [objects, alive, samples, referents, traces] = counts;
    let columns = [
        ("listed", objects),
        ("sample.time", samples),
        ("referent", referents),
        ("trace.end", traces),
    ];
    for (name, count) in columns {
        if PackedColumn::open(sections, name)?.count() != count {
            return Err(lying(name));
        }
    }
    let in_order = |(first, last): (f64, f64)| first <= last && (last - first).abs() < f64::MAX;
    if alive > objects || !span_seconds.is_none_or(in_order) {
        return Err(lying("obj.death"));
    }
    Ok(Totals {
        objects,
        alive,
        samples,
        referents,
        asized: PackedColumn::open(sections, "asized.size")?.count(),
        traces,
        span_seconds,
        has_sizes,
    })
}

/// Compares who is alive, and when, with the lives of all objects.
pub(super) fn compare_lives(dump: &Contents) -> Outcome<()> {
    let Some(totals) = &dump.of_whole else {
        return Ok(());
    };
    if Totals::lives(dump) == (totals.alive, totals.span_seconds) {
        Ok(())
    } else {
        Err(lying("obj.death"))
    }
}

/// Compares all totals with a dump that was read whole.
pub(super) fn compare(sections: &Sections, dump: &Contents) -> Outcome<()> {
    if read_totals(sections)? == Totals::of(dump) {
        Ok(())
    } else {
        Err(lying("obj.death"))
    }
}

/// Totals are not what a column says.
#[cold]
fn lying(column: &str) -> Box<Fault> {
    malformed(format!(
        "section 'totals' is damaged: it is not what '{column}' says"
    ))
}

/// The columns of what is kept beside the totals.
pub(super) fn columns<'j>(jobs: &mut Jobs<'j, '_>, figures: &'j Figures) {
    if let Some(totals) = class_totals_that_fit(figures) {
        jobs.values("cell.times", &totals.times);
        jobs.values("cell.active", &totals.active);
        jobs.rows("cell.sum", &totals.sums, |&sum| sum as i64);
        jobs.rows("cell.p_sum", &totals.dead, |&dead| dead as i64);
    }
    if let Some(cohorts) = &figures.cohorts {
        let rows = &cohorts.cohorts;
        jobs.values("cohort.end", &cohorts.ends);
        jobs.rows("cohort.birth", rows, |cohort| cohort.birth.number().into());
        jobs.rows("cohort.death", rows, |cohort| {
            cohort
                .death
                .map_or(0, |death| i64::from(death.number()) + 1)
        });
        jobs.rows("cohort.count", rows, |cohort| cohort.objects as i64);
    }
    let merged_trees = merged_trees_that_fit(figures);
    if !merged_trees.is_empty() {
        merged_tree_columns(jobs, &merged_trees);
    }
}

/// Whether the file has cells; it may be without them.
pub(super) fn has_class_totals(sections: &Sections) -> bool {
    sections.has("cell.sum")
}

pub(super) fn has_cohorts(sections: &Sections) -> bool {
    sections.has("cohort.count")
}

/// Compares all of it with its checksums.
pub(super) fn check(sections: &Sections) -> Outcome<()> {
    read_totals(sections)?;
    if sections.has("tree.whose") {
        sections.section("tree.whose")?.head()?;
    }
    let mut columns = COLUMNS.into_iter().filter(|name| sections.has(name));
    columns.try_for_each(|name| PackedColumn::open(sections, name)?.check())
}

/// The cells, unless a sum by one of the rules goes beyond the numbers of the file.
fn class_totals_that_fit(figures: &Figures) -> Option<&ClassTotals> {
    let cells = figures.class_totals.as_ref()?;
    let mut sums = cells.sums.iter().zip(&cells.dead);
    let fit = sums.all(|(&sum, &dead)| fits(sum) && fits(sum + dead));
    fit.then_some(cells)
}

/// Differences of such sums are numbers of the file as well.
fn fits(sum: i128) -> bool {
    i64::try_from(sum).is_ok_and(|sum| sum.unsigned_abs() < 1 << 62)
}

/// Every class at every snapshot, if the file has that.
pub(super) fn read_class_totals(
    sections: &Sections,
    classes: &[ClassRow],
) -> Outcome<Option<ClassTotals>> {
    if !has_class_totals(sections) {
        return Ok(None);
    }
    fn wide(sections: &Sections, name: &'static str) -> Outcome<Vec<i128>> {
        let bytes: Vec<i64> = all(sections, name)?;
        Ok(bytes.into_iter().map(i128::from).collect())
    }
    let cells = ClassTotals {
        times: all(sections, "cell.times")?,
        classes: classes.len(),
        active: all(sections, "cell.active")?,
        sums: wide(sections, "cell.sum")?,
        dead: wide(sections, "cell.p_sum")?,
    };
    let expected = cells.times.len().saturating_mul(classes.len());
    let lengths = [
        expected,
        cells.active.len(),
        cells.sums.len(),
        cells.dead.len(),
    ];
    same_length("cell", &lengths)?;
    if !cells.times.is_sorted_by(|a, b| a < b) {
        return Err(malformed("section 'cell.times' is damaged: its order"));
    }
    let mut active = cells.active.iter().zip(classes.iter().cycle());
    if !active.all(|(&active, class)| active <= class.count) {
        return Err(malformed(
            "section 'cell.active' is damaged: more are alive than there are",
        ));
    }
    Ok(Some(cells))
}

/// Who was born and died between which snapshots, if the file has that; `dump` is without objects.
pub(super) fn read_cohorts(
    sections: &Sections,
    classes: &[ClassRow],
    dump: &Contents,
) -> Outcome<Option<Cohorts>> {
    if !has_cohorts(sections) {
        return Ok(None);
    }
    let ends: Vec<u32> = all(sections, "cohort.end")?;
    let births: Vec<u32> = all(sections, "cohort.birth")?;
    let deaths: Vec<u32> = all(sections, "cohort.death")?;
    // There are no more objects than that, so no sum of these overflows.
    let counts: Vec<u32> = all(sections, "cohort.count")?;
    same_length("cohort", &[births.len(), deaths.len(), counts.len()])?;
    let last = ends.last().map_or(0, |&end| end as usize);
    if ends.len() != classes.len() || !ends.is_sorted() || last != counts.len() {
        return Err(malformed("section 'cohort.end' is damaged: its classes"));
    }
    let cohorts = births.iter().zip(&deaths).zip(&counts);
    let cohorts = cohorts.map(|((&birth, &death), &count)| Cohort {
        birth: Place::from_number(birth),
        death: death.checked_sub(1).map(Place::from_number),
        objects: count.into(),
    });
    let cohorts = Cohorts {
        moments: moments(dump.snapshots()),
        ends,
        cohorts: cohorts.collect(),
    };
    let of_class = |id| cohorts.of_class(id).iter().map(|cohort| cohort.objects);
    let mut of_classes = (0..).map(ClassId).zip(classes);
    let alive = cohorts
        .cohorts
        .iter()
        .filter(|cohort| cohort.death.is_none());
    if !of_classes.all(|(id, class)| of_class(id).sum::<u64>() == u64::from(class.count))
        || alive.map(|cohort| cohort.objects).sum::<u64>() != dump.totals().alive
    {
        return Err(malformed(
            "section 'cohort.count' is damaged: it is not how many there are",
        ));
    }
    Ok(Some(cohorts))
}

/// As it stands in the file: the moment, and for survivors between which they were born.
type Moments = (f64, Option<(f64, f64)>);

/// The merged trees of which no sum goes beyond the numbers of the file.
fn merged_trees_that_fit(figures: &Figures) -> Vec<&MergedTrees> {
    let mut merged_trees: Vec<&MergedTrees> = figures.merged_trees.iter().collect();
    merged_trees.retain(|trees| {
        let mut nodes = trees.nodes();
        nodes.all(|node| fits(node.size_bytes) && fits(node.flat_bytes))
    });
    merged_trees
}

fn merged_tree_columns<'j>(jobs: &mut Jobs<'j, '_>, merged_trees: &[&'j MergedTrees]) {
    let moments = merged_trees.iter().map(|trees| match trees.population {
        Population::AllAt(seconds) => (seconds, None),
        Population::Of(survivors) => (
            survivors.alive_at_seconds,
            Some((survivors.from_seconds, survivors.to_seconds)),
        ),
    });
    let moments: Vec<Moments> = moments.collect();
    jobs.add("tree.whose", move || SectionOut::value(&moments));
    let trees = merged_trees.to_vec();
    jobs.column("tree.nodes", move || {
        let trees = trees.clone().into_iter().flat_map(|trees| &trees.trees);
        trees.map(|tree| tree.as_ref().map_or(0, |tree| tree.nodes.len() as i64))
    });
    let mut nodes = |name, figure: fn(&Node) -> i64| {
        let trees = merged_trees.to_vec();
        let nodes = move || trees.clone().into_iter().flat_map(MergedTrees::nodes);
        jobs.column(name, move || nodes().map(figure));
    };
    nodes("tree.parent", |node| node.parent.into());
    nodes("tree.name", |node| node.name.0.into());
    nodes("tree.count", |node| node.count as i64);
    nodes("tree.size", |node| node.size_bytes as i64);
    nodes("tree.flat", |node| node.flat_bytes as i64);
}

/// Merged referents, with their names; none if the file is without.
pub(super) fn read_merged_trees(sections: &Sections, classes: usize) -> Outcome<KeptMergedTrees> {
    if !sections.has("tree.whose") {
        return Ok(KeptMergedTrees::default());
    }
    for name in ["tree.nodes", "tree.parent"] {
        if PackedColumn::open(sections, name)?.count() > MOST_NODES as u64 {
            let what = format!("section '{name}' is damaged: it has too many trees");
            return Err(malformed(what));
        }
    }
    let moments: Vec<Moments> = sections.value("tree.whose")?;
    let sizes: Vec<u32> = all(sections, "tree.nodes")?;
    let parents: Vec<u32> = all(sections, "tree.parent")?;
    let mut names: Vec<TextId> = all(sections, "tree.name")?;
    let mut text = TextArena::default();
    let mut whole = FileRows::of(sections);
    subset::texts(&mut whole, &mut text, |see| names.iter_mut().for_each(see))?;
    let counts: Vec<u32> = all(sections, "tree.count")?;
    let bytes: Vec<i64> = all(sections, "tree.size")?;
    let flats: Vec<i64> = all(sections, "tree.flat")?;
    let nodes: u64 = sizes.iter().map(|&size| u64::from(size)).sum();
    let lengths = [
        parents.len(),
        names.len(),
        counts.len(),
        bytes.len(),
        flats.len(),
    ];
    same_length("tree", &lengths)?;
    if nodes != parents.len() as u64 || moments.len().checked_mul(classes) != Some(sizes.len()) {
        return Err(malformed("section 'tree.nodes' is damaged: its trees"));
    }
    let mut next = 0;
    let mut trees = sizes.iter().map(|&size| {
        let range = next..next + size as usize;
        next = range.end;
        let nodes = range.map(|at| Node {
            parent: parents[at],
            name: names[at],
            count: counts[at].into(),
            size_bytes: bytes[at].into(),
            flat_bytes: flats[at].into(),
        });
        let nodes: Vec<Node> = nodes.collect();
        check_tree(&nodes)?;
        Ok((size > 0).then_some(MergedTree {
            nodes,
            is_cut: false,
        }))
    });
    let mut merged_trees = Vec::new();
    for (seconds, born) in moments {
        merged_trees.push(MergedTrees {
            population: match born {
                None => Population::AllAt(seconds),
                Some((from_seconds, to_seconds)) => Population::Of(Survivors {
                    from_seconds,
                    to_seconds,
                    alive_at_seconds: seconds,
                }),
            },
            trees: trees.by_ref().take(classes).collect::<Outcome<_>>()?,
        });
    }
    drop(trees);
    Ok(KeptMergedTrees { text, merged_trees })
}

/// Every node but the first stands behind its parent, and none is deeper than walks go.
fn check_tree(nodes: &[Node]) -> Outcome<()> {
    let mut levels = Vec::with_capacity(nodes.len());
    for (number, node) in nodes.iter().enumerate() {
        let level = match (number, levels.get(node.parent as usize)) {
            (0, _) if node.parent == 0 => 0,
            (1.., Some(&level)) if level < MAX_LEVEL => level + 1,
            _ => return Err(malformed("section 'tree.parent' is damaged: a parent")),
        };
        levels.push(level);
    }
    Ok(())
}
