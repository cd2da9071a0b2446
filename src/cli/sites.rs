//! `ctstats sites`: where objects were created.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{ArgGroup, Args, ValueEnum};

use ctstats::analysis::sites::{GroupBy, MAX_DEPTH, SiteSortKey, Sites, SitesOptions};
use ctstats::analysis::stacks::{Stacks, Weight};
use ctstats::analysis::summary::SnapshotSelector;
use ctstats::report::{folded, pprof, speedscope};
use ctstats::units::escaped;
use ctstats::{DumpFile, Source};

use super::fleet::FleetArgs;
use super::place::{self, Kind};
use super::several::DumpsArgs;
use super::sheet::Sheet;
use super::typed::TypedLimit;
use super::{
    FilterArgs, Opened, OwnArgs, SELECTION, SheetArgs, Usage, finish, inputs, note, open,
    open_in_order, remarks,
};

const EXAMPLES: &str = "\
Examples:
  The ten lines of the program that created most bytes:
    ctstats sites dump.dat --limit 10
  Who called them, for the objects that are still alive:
    ctstats sites dump.dat --alive --depth 3 --sort alive-bytes
  What was alive when memory was highest, with its sizes then:
    ctstats sites dump.dat --snapshot peak
  A profile, read by Go's pprof with the classes as leaves:
    ctstats sites dump.dat --pprof out.pb.gz && go tool pprof -top -tagleaf class out.pb.gz
  What is still alive of what lived at the first snapshot:
    ctstats sites dump.dat --alive-at first --alive
  A flame graph of the survivors of one class:
    ctstats sites dump.dat --alive --class Cart --flamegraph carts.svg
  Which lines of your own code created them, where a library did it for you:
    ctstats sites dump.dat --by own
  The same if your program is installed as a package:
    ctstats sites dump.dat --by own --own shop
  The lines that created most, of each worker:
    ctstats sites dumps/ --limit 3
  What changed between two runs, for flamegraph.pl and inferno (speedscope: --speedscope):
    ctstats sites old.dat new.dat --folded > stacks.txt

In fixtures/leaky_shop.dump, `--by class` shows how many of each class were created,
how many are alive, and the share of all bytes. Shares add up to 100 %.";

/// Group objects by where they were created: count, alive, survivors, bytes, share.
///
/// Needs tracker.track_class(Cls, trace=True) while recording. Bytes are the largest size
/// of each object. A survivor is alive at the end and was already active at the last
/// snapshot but one. Frames of Pympler's own tracker are left out. Where the innermost frame
/// is of the standard library or an installed package, the innermost frame of your own code
/// stands below it.
///
/// With --folded, --flamegraph, --speedscope or --pprof whole stacks are written instead, from the
/// program's start to the class. Of two dumps that is what changed from the first to the second.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, group(ArgGroup::new("stacks").multiple(true)))]
pub(super) struct SitesArgs {
    #[command(flatten)]
    dumps: DumpsArgs,
    /// What the objects of a group have in common.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = By::Frame,
        conflicts_with = "stacks", help_heading = SELECTION)]
    by: By,
    #[command(flatten)]
    own: OwnArgs,
    /// How many frames make a site, counted from the innermost.
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "stacks",
        value_parser = clap::value_parser!(u16).range(1..=MAX_DEPTH as i64),
        help_heading = SELECTION)]
    depth: u16,
    /// Sort keys, comma-separated or repeated: size, alive-bytes, objects, alive, survivors,
    /// site. Figures sort descending. Default: size.
    #[arg(long, value_name = "KEYS", value_delimiter = ',', conflicts_with = "stacks",
        help_heading = SELECTION)]
    sort: Vec<SiteSortKey>,
    /// Reverse the sorted order.
    #[arg(long, conflicts_with = "stacks", help_heading = SELECTION)]
    reverse: bool,
    /// Only what was alive at this snapshot, with the sizes that the snapshot measured: its number
    /// from 0, -1 for the last, its description, first, last or peak.
    #[arg(long, value_name = "SELECTOR", allow_hyphen_values = true, help_heading = SELECTION)]
    snapshot: Option<SnapshotSelector>,
    /// Only what was alive at this snapshot. Sizes remain the largest, or those at --snapshot.
    #[arg(long, value_name = "SELECTOR", allow_hyphen_values = true, help_heading = SELECTION)]
    alive_at: Option<SnapshotSelector>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Keep the first N sites and fold the others into one row.
    #[arg(long, value_name = "N|0.25|25%", allow_negative_numbers = true,
        conflicts_with = "stacks", help_heading = SELECTION)]
    limit: Option<TypedLimit>,
    /// Write folded stacks, one a line: `main (app.py:9);add (shop.py:40);shop.Cart 5120`. With
    /// two dumps, each line has both weights.
    #[arg(long, group = "stacks", help_heading = STACKS)]
    folded: bool,
    /// Draw a flame graph. With two dumps, widths are those of the second: red grew, blue shrank, and
    /// what is gone is not shown.
    #[cfg(feature = "flamegraph")]
    #[arg(long, value_name = "OUT.svg", group = "stacks", help_heading = STACKS)]
    flamegraph: Option<PathBuf>,
    /// Write a profile for speedscope; with two dumps, one profile for each.
    #[arg(long, value_name = "OUT.json", group = "stacks", help_heading = STACKS)]
    speedscope: Option<PathBuf>,
    /// Write a profile for `go tool pprof`, Pyroscope and Parca: objects and bytes of all that was
    /// created, and of what is alive at the end, or was at --snapshot. Labels: class, own.
    #[arg(long, value_name = "OUT.pb.gz", group = "stacks", help_heading = STACKS)]
    pprof: Option<PathBuf>,
    /// What stacks weigh. A profile for pprof has both.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Weigh::Bytes,
        requires = "stacks", help_heading = STACKS)]
    weight: Weigh,
    #[command(flatten)]
    many: FleetArgs,
    #[command(flatten)]
    form: SheetArgs,
}

const STACKS: &str = "Stacks";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// File, line and function
    Frame,
    /// The same of your own code: where a library creates the object, the line that calls it
    Own,
    /// File and function
    Function,
    File,
    /// The registered class name
    Class,
    /// The object's own class name
    Name,
    Repr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Weigh {
    /// The largest size of each object, or its size at --snapshot
    Bytes,
    /// One for each object
    Objects,
}

impl By {
    fn get(self) -> GroupBy {
        match self {
            By::Frame => GroupBy::Frame,
            By::Own => GroupBy::Own,
            By::Function => GroupBy::Function,
            By::File => GroupBy::File,
            By::Class => GroupBy::Class,
            By::Name => GroupBy::Name,
            By::Repr => GroupBy::Repr,
        }
    }
}

impl SitesArgs {
    pub(super) fn run(self) -> Result<()> {
        self.refuse_unused_own()?;
        if self.is_of_stacks() {
            return self.stacks();
        }
        let dumps = self.dumps.find(self.many)?;
        self.form.check(&dumps.reads(None)?)?;
        let options = self.options();
        let answer = |_: &Path, dump: &Opened, sheet: &Sheet<'_>| {
            let of = dump.ask(|file| Sites::of(file, &options))?;
            sheet.write(&of)?;
            remarks::on_filter(&options.filter, dump)?;
            remarks::on_snapshots(&options, of.total.figures.objects == 0, dump)?;
            if options.by.is_of_frames() {
                remark_on_traces(dump)?;
                remarks::on_own(&of.unused_own);
            }
            Ok(())
        };
        dumps.answer(self.form.destination(), DumpFile::in_order, answer)?;
        Ok(())
    }

    /// Whether whole stacks are asked for.
    fn is_of_stacks(&self) -> bool {
        let outputs = [
            self.flamegraph(),
            self.speedscope.as_deref(),
            self.pprof.as_deref(),
        ];
        self.folded || outputs.iter().any(Option::is_some)
    }

    /// Fails if own code is named that would change nothing.
    fn refuse_unused_own(&self) -> Result<()> {
        let what = match () {
            () if !self.own.is_given() => return Ok(()),
            () if self.pprof.is_some() => return Ok(()),
            () if self.is_of_stacks() => {
                "--own is not for stacks, which have all frames; only --pprof marks your own"
            }
            () if !self.by.get().is_of_frames() => {
                "--own is about frames; group by own, frame, function or file"
            }
            () => return Ok(()),
        };
        Err(Usage(what.into()).into())
    }

    fn options(&self) -> SitesOptions {
        SitesOptions {
            filter: self.filter.filter(),
            by: self.by.get(),
            own: self.own.own_code(),
            alive_at: self.alive_at.clone(),
            snapshot: self.snapshot.clone(),
            depth: self.depth.into(),
            sort: self.sort.clone(),
            reverse: self.reverse,
            limit: self.limit.clone().map(TypedLimit::get),
        }
    }

    fn flamegraph(&self) -> Option<&Path> {
        #[cfg(feature = "flamegraph")]
        return self.flamegraph.as_deref();
        #[cfg(not(feature = "flamegraph"))]
        None
    }

    /// The dump whose stacks are asked for, and the newer one, if there is one.
    fn dumps_of_stacks(&self) -> Result<(&PathBuf, Option<&PathBuf>)> {
        match self.dumps.by_name() {
            Some([dump]) => return Ok((dump, None)),
            Some([dump, new]) => return Ok((dump, Some(new))),
            _ => {}
        }
        let flags = [
            ("--folded", self.folded),
            ("--flamegraph", self.flamegraph().is_some()),
            ("--speedscope", self.speedscope.is_some()),
            ("--pprof", self.pprof.is_some()),
        ];
        let given = flags.into_iter().find(|flag| flag.1);
        let what = format!(
            "{} takes one dump, or two to compare, each by its name; write the stacks of each of \
             several dumps into a file of its own",
            given.map_or("it", |flag| flag.0)
        );
        Err(Usage(what).into())
    }

    fn stacks(self) -> Result<()> {
        let (old, new) = self.dumps_of_stacks()?;
        if self.pprof.is_some() && new.is_some() {
            let what = "--pprof takes one dump; write a profile of each, and compare them with \
                        go tool pprof -diff_base old.pb.gz new.pb.gz";
            return Err(Usage(what.into()).into());
        }
        let weight = match self.weight {
            Weigh::Bytes => Weight::Bytes,
            Weigh::Objects => Weight::Objects,
        };
        let reading = self.form.page.reading;
        let folded = self.folded.then(|| self.form.page.path());
        let outputs = [
            folded,
            self.flamegraph(),
            self.speedscope.as_deref(),
            self.pprof.as_deref(),
        ];
        let writes: Vec<_> = outputs
            .into_iter()
            .flatten()
            .map(|path| (path, Kind::Report))
            .collect();
        let dumps = inputs([Some(old), new])?;
        place::refuse_losses(&dumps, &writes, self.form.page.force)?;
        let options = self.options();
        let dump = open_in_order(old, reading)?;
        let newer = match new {
            Some(path) => Some(open_in_order(path, reading)?),
            None => None,
        };
        let stacks_of = |file| Stacks::of(file, &options, weight);
        let mut stacks = dump.ask(stacks_of)?;
        if let Some(newer) = &newer {
            stacks = newer.ask(stacks_of)?.since(stacks);
        }
        #[cfg(feature = "flamegraph")]
        if self.flamegraph.is_some() && !ctstats::report::flamegraph::is_drawable(&stacks) {
            let dump = new.unwrap_or(old).display().to_string();
            anyhow::bail!(
                "{}: there is nothing to draw: no selected object has a size",
                escaped(&dump)
            );
        }
        if self.folded {
            let mut out = self.form.page.open()?;
            folded::write(&mut out, &stacks)?;
            self.form.page.finish(out)?;
        }
        #[cfg(feature = "flamegraph")]
        if let Some(path) = &self.flamegraph {
            let mut out = open(path)?;
            ctstats::report::flamegraph::write(&mut out, &stacks, weight)?;
            finish(out, path)?;
        }
        if let Some(path) = &self.speedscope {
            let mut out = open(path)?;
            let names = [dumps.first(), dumps.last()].map(|path| {
                let path = path.map(|path| path.display().to_string());
                escaped(&path.unwrap_or_default()).into_owned()
            });
            speedscope::write(&mut out, &stacks, weight, names.each_ref().map(|n| &**n))?;
            finish(out, path)?;
        }
        if let Some(path) = &self.pprof {
            self.profile(path, old, &stacks, &options, &dump)?;
        }
        remarks::on_filter(&options.filter, &dump)?;
        remarks::on_snapshots(&options, stacks.stacks.is_empty(), &dump)?;
        remark_on_traces(&dump)
    }
}

impl SitesArgs {
    /// Writes the profile for pprof.
    fn profile(
        &self,
        path: &Path,
        dump_path: &Path,
        stacks: &Stacks<'_>,
        options: &SitesOptions,
        dump: &Opened,
    ) -> Result<()> {
        let contents = dump.ask(|file| file.digest())?.contents;
        let snapshot = options
            .snapshot
            .as_ref()
            .map(|selector| selector.find(contents));
        let snapshot = snapshot.and_then(|found| found.first().copied());
        let snapshot = snapshot.map(|snapshot| {
            let description = snapshot.description().head(200).to_str().into_owned();
            format!("snapshot {} ({})", snapshot.index(), escaped(&description))
        });
        let file = dump_path.display().to_string();
        let profile = pprof::Profile {
            file: &escaped(&file),
            snapshot: snapshot.as_deref(),
        };
        let mut out = open(path)?;
        if out.is_terminal() {
            anyhow::bail!("a profile is not text: give a file, or pipe the output into one");
        }
        pprof::write(&mut out, stacks, profile)?;
        finish(out, path)?;
        remarks::on_own(&stacks.unused_own);
        Ok(())
    }
}

fn remark_on_traces(dump: &Opened) -> Result<()> {
    if dump.ask(|file| file.digest())?.is_without_traces() {
        note("no object has a trace; tracker.track_class(Cls, trace=True) records them");
    }
    Ok(())
}
