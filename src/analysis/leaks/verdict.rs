//! What the figures of a class say: does it leak, how sure is that, and why.

use serde::Serialize;

use super::survival::Survival;
use super::trend::Trend;

/// How sure a verdict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// It does not look like a leak.
    No,
    /// It may be one: something speaks for it, and something is missing.
    Possible,
    /// Everything that a dump can show speaks for it.
    Likely,
}

impl Confidence {
    /// The confidence of a suspect by its name.
    pub fn named(name: &str) -> Option<Confidence> {
        match name {
            "possible" => Some(Confidence::Possible),
            "likely" => Some(Confidence::Likely),
            _ => None,
        }
    }
}

/// What a class did over the snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// Instances pile up.
    PilingUp,
    /// The same instances hold more and more.
    Swelling,
    /// It grew and stopped: a cache that is full, a start that is over.
    LevelledOff,
    /// Instances come and go, and their number does not grow.
    Churn,
    /// It became less.
    Shrinking,
    /// Nothing much happened.
    Steady,
    /// There are too few snapshots to say.
    TooShort,
}

/// The figures that a verdict rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// Snapshots that were compared.
    pub snapshots: usize,
    /// The time between the first and the last of them, in seconds.
    pub span_seconds: f64,
    /// Instances alive.
    pub instances: Trend,
    /// Their bytes.
    pub bytes: Trend,
    /// Whether every size is 0 bytes. Pympler up to 1.0.1 gives that to a tracked object that
    /// another one refers to, and every version gives it to classes: their bytes are counted
    /// elsewhere, and their number alone must speak.
    pub weightless: bool,
    /// Who stayed.
    pub survival: Survival,
}

/// What speaks for a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// What the class held at the first and the last of the snapshots.
    Course {
        /// Instances at the first.
        instances_first: i128,
        /// Instances at the last.
        instances_last: i128,
        /// Bytes at the first.
        bytes_first: i128,
        /// Bytes at the last.
        bytes_last: i128,
        /// How many snapshots were compared.
        snapshots: usize,
    },
    /// All sizes are 0 bytes, so the number of instances must speak.
    Weightless {
        /// The median slope.
        instances_per_snapshot: f64,
    },
    /// How fast its bytes grew, by median slopes.
    Slopes {
        /// `None` where nobody knows how many seconds passed.
        bytes_per_second: Option<f64>,
        /// By the snapshot.
        bytes_per_snapshot: f64,
        /// From -1, never rising, to 1, never falling.
        monotonicity: f64,
        /// From the first snapshot to the last.
        span_seconds: f64,
    },
    /// How many of its instances survive.
    Survival {
        /// Born after the first snapshot and before the last.
        born: u64,
        /// Those of them that were alive at the last.
        survived: u64,
        /// In how many intervals between snapshots some were born.
        intervals_with_births: usize,
        /// In how many of those some were born that survived.
        intervals_with_survivors: usize,
    },
    /// Some instances of every interval survive. A cache and a start-up do not look like that.
    SurvivorsOfEverySpan,
    /// Too few snapshots to tell growth from a cache that fills up.
    MayBeACache,
    /// It grows, but its survivors do not show that it will continue.
    GrowthWithoutLastingSurvivors,
    /// The number of instances stays, and each holds more.
    InstancesHoldMore,
    /// It grew, and then it stopped.
    GrowthStopped,
    /// Instances come and go.
    InstancesComeAndGo,
    /// It became smaller.
    BecameSmaller,
    /// Nothing much happened.
    NothingHappened,
    /// Too few snapshots to say anything.
    TooFewSnapshots,
}

/// A verdict on a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// How sure it is that the class leaks.
    pub confidence: Confidence,
    /// What it did.
    pub pattern: Pattern,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// Monotonicity from which a figure counts as going up, and as clearly going up.
const RISING: f64 = 0.25;
const CLEARLY_RISING: f64 = 0.6;

/// Late growth up to which a class has levelled off.
const LEVEL: f64 = 0.35;

/// The same, measured by who survives. Noise does less to it.
const LEVEL_SURVIVORS: f64 = 0.25;

/// Snapshots that a verdict of "likely" needs.
pub(in crate::analysis) const ENOUGH_SNAPSHOTS: usize = 4;

impl Evidence {
    /// Weighs the figures.
    pub fn verdict(&self) -> Verdict {
        let Evidence {
            instances,
            bytes,
            weightless,
            survival,
            snapshots,
            span_seconds: _,
        } = self;
        let enough = *snapshots >= ENOUGH_SNAPSHOTS;
        let figure = if *weightless { instances } else { bytes };
        let grew = figure.change() > 0 && figure.last > 0;
        let rising = instances.monotonicity.max(bytes.monotonicity);
        let level_figures = instances
            .late_growth
            .or(bytes.late_growth)
            .is_some_and(|late| late < LEVEL);
        let level_survivors = survival
            .late_share()
            .is_some_and(|late| late < LEVEL_SURVIVORS);
        let every_time = survival.is_of_every_time();
        let piles_up = every_time && !level_survivors && rising >= RISING;
        let swells = bytes.monotonicity >= CLEARLY_RISING
            && instances.change().abs() * 10 <= instances.first
            && bytes.late_growth.is_none_or(|late| late >= LEVEL)
            && bytes.change() * 10 >= bytes.first;
        let (confidence, pattern) = match () {
            () if *snapshots < 2 => (Confidence::No, Pattern::TooShort),
            () if !grew => (Confidence::No, self.at_rest()),
            () if !enough && survival.survived > 0 => (Confidence::Possible, Pattern::PilingUp),
            () if !enough => (Confidence::No, Pattern::TooShort),
            () if piles_up && (!level_figures || rising >= CLEARLY_RISING) => {
                (Confidence::Likely, Pattern::PilingUp)
            }
            () if swells => (Confidence::Likely, Pattern::Swelling),
            () if level_figures || level_survivors => (Confidence::No, Pattern::LevelledOff),
            () if rising >= CLEARLY_RISING && survival.survived > 0 => {
                (Confidence::Possible, Pattern::PilingUp)
            }
            () if every_time && rising > 0.0 => (Confidence::Possible, Pattern::PilingUp),
            () => (Confidence::No, self.at_rest()),
        };
        Verdict {
            confidence,
            pattern,
            reasons: self.reasons(pattern, every_time),
        }
    }

    /// What a class does that does not grow.
    fn at_rest(&self) -> Pattern {
        let died = self.survival.born - self.survival.survived;
        if self.bytes.monotonicity <= -RISING && self.bytes.change() < 0 {
            Pattern::Shrinking
        } else if 2 * died > self.survival.born.max(1) {
            Pattern::Churn
        } else {
            Pattern::Steady
        }
    }

    fn reasons(&self, pattern: Pattern, every_time: bool) -> Vec<Reason> {
        let Evidence {
            instances,
            bytes,
            weightless,
            survival,
            snapshots,
            span_seconds,
        } = self;
        let mut reasons = vec![Reason::Course {
            instances_first: instances.first,
            instances_last: instances.last,
            bytes_first: bytes.first,
            bytes_last: bytes.last,
            snapshots: *snapshots,
        }];
        if let (true, Some(per_snapshot)) = (*weightless, instances.per_snapshot) {
            reasons.push(Reason::Weightless {
                instances_per_snapshot: per_snapshot,
            });
        } else if let (Some(per_snapshot), 3..) = (bytes.per_snapshot, *snapshots) {
            reasons.push(Reason::Slopes {
                bytes_per_second: bytes.per_second,
                bytes_per_snapshot: per_snapshot,
                monotonicity: bytes.monotonicity,
                span_seconds: *span_seconds,
            });
        }
        if survival.born > 0 {
            reasons.push(Reason::Survival {
                born: survival.born,
                survived: survival.survived,
                intervals_with_births: survival.spans_with_births,
                intervals_with_survivors: survival.spans_with_survivors,
            });
        }
        reasons.push(match pattern {
            Pattern::PilingUp if every_time => Reason::SurvivorsOfEverySpan,
            Pattern::PilingUp if *snapshots < ENOUGH_SNAPSHOTS => Reason::MayBeACache,
            Pattern::PilingUp => Reason::GrowthWithoutLastingSurvivors,
            Pattern::Swelling => Reason::InstancesHoldMore,
            Pattern::LevelledOff => Reason::GrowthStopped,
            Pattern::Churn => Reason::InstancesComeAndGo,
            Pattern::Shrinking => Reason::BecameSmaller,
            Pattern::Steady => Reason::NothingHappened,
            Pattern::TooShort => Reason::TooFewSnapshots,
        });
        reasons
    }
}
