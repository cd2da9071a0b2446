//! Derived columns: for each object its largest size and its size at the peak.

use std::borrow::Cow;

use super::{Contents, Dump, ObjectId, Snapshot, TrackedObject};

/// Whose reading of a dump counts where Pympler and its documentation disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rules {
    /// What is documented and right.
    #[default]
    Documented,
    /// What Pympler 1.1 does, quirks included.
    Pympler,
}

/// Sizes of every object that were computed in one pass, by object number, in bytes.
#[derive(Clone, Debug)]
pub struct Sizes {
    largest: Vec<i64>,
    at_peak: Vec<i64>,
}

impl Sizes {
    /// Computes them. By [`Rules::Documented`] samples after an object's death do not
    /// count and the peak is the largest snapshot; by [`Rules::Pympler`] all samples
    /// count and the peak is the last snapshot with a positive total.
    pub fn of(dump: &Contents, rules: Rules) -> Sizes {
        let peak = match rules {
            Rules::Documented => dump.peak_snapshot(),
            Rules::Pympler => dump.snapshots().rfind(|s| s.tracked_total_bytes() > 0),
        };
        let peak = peak.map(Snapshot::timestamp_seconds);
        let count = dump.objects.len();
        let mut sizes = Sizes {
            largest: Vec::with_capacity(count),
            at_peak: Vec::with_capacity(count),
        };
        for id in (0..count).map(ObjectId::at) {
            let mut at_peak = 0;
            let largest = largest_bytes(dump.object(id), rules, |time, size| {
                if Some(time) == peak {
                    at_peak = size;
                }
            });
            sizes.largest.push(largest);
            sizes.at_peak.push(at_peak);
        }
        sizes
    }

    /// Sizes that were kept. Either may be empty if it is not asked for.
    pub(crate) fn from_parts(largest: Vec<i64>, at_peak: Vec<i64>) -> Sizes {
        Sizes { largest, at_peak }
    }

    /// The largest sizes of all objects, and those at the peak.
    pub(crate) fn all(&self) -> [&[i64]; 2] {
        [&self.largest, &self.at_peak]
    }

    /// The largest size measured for an object: Pympler's `size`. 0 if it was never measured.
    #[inline]
    pub fn largest_bytes(&self, object: ObjectId) -> i64 {
        self.largest[object.index()]
    }

    /// An object's size at the peak snapshot: Pympler's `tsize`. 0 if it was not measured in it.
    #[inline]
    pub fn at_peak_bytes(&self, object: ObjectId) -> i64 {
        self.at_peak[object.index()]
    }
}

impl TrackedObject<'_> {
    /// The largest size measured for it: Pympler's `size`. 0 if it was never measured.
    pub fn largest_bytes(self, rules: Rules) -> i64 {
        match self.dump.kept_sizes(rules) {
            Some(sizes) => sizes.largest_bytes(self.id),
            None => largest_bytes(self, rules, |_, _| {}),
        }
    }
}

impl Dump {
    /// Computes the sizes of all objects once, as documented, for whoever asks several questions: else
    /// each goes through all samples. They take 16 bytes for each object.
    pub fn keep_sizes(&mut self) {
        let sizes = Sizes::of(self, Rules::Documented);
        self.contents.sizes = Some(Box::new((Rules::Documented, sizes)));
    }
}

impl Contents {
    /// The sizes of all objects: those that the file keeps, or else computed from the samples.
    pub fn sizes(&self, rules: Rules) -> Cow<'_, Sizes> {
        match self.kept_sizes(rules) {
            Some(sizes) => Cow::Borrowed(sizes),
            None => Cow::Owned(Sizes::of(self, rules)),
        }
    }

    fn kept_sizes(&self, rules: Rules) -> Option<&Sizes> {
        let kept = self.sizes.as_deref();
        kept.filter(|kept| kept.0 == rules).map(|kept| &kept.1)
    }
}

/// The largest of the samples that count; each is shown to `see`, time and bytes.
#[inline]
fn largest_bytes(object: TrackedObject<'_>, rules: Rules, mut see: impl FnMut(f64, i64)) -> i64 {
    let death = object
        .death_seconds()
        .filter(|_| rules == Rules::Documented);
    let counted = object.samples().filter(|sample| !sample.is_after(death));
    let sizes = counted.map(|sample| {
        let size = sample.asized.size_bytes();
        see(sample.time_seconds, size);
        size
    });
    sizes.max().unwrap_or(0)
}
