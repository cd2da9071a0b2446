//! What the figures of a class say: does it leak, how sure is that, and why.

use serde::Serialize;

use super::survival::Survival;
use super::trend::Trend;
use crate::units::{self, ByteStyle};

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

/// A verdict on a class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// How sure it is that the class leaks.
    pub confidence: Confidence,
    /// What it did.
    pub pattern: Pattern,
    /// Why, in sentences.
    pub reasons: Vec<String>,
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

    fn reasons(&self, pattern: Pattern, every_time: bool) -> Vec<String> {
        let Evidence {
            instances,
            bytes,
            weightless,
            survival,
            snapshots,
            span_seconds,
        } = self;
        let count = |count: i128| units::thousands(count);
        let size = |count: i128| units::bytes(count, ByteStyle::Units);
        let mut reasons = vec![format!(
            "{} → {}, {} → {} over {}",
            count(instances.first),
            units::counted(instances.last.max(0) as usize, "instance", "instances"),
            size(bytes.first),
            size(bytes.last),
            units::counted(*snapshots, "snapshot", "snapshots"),
        )];
        if let (true, Some(per_snapshot)) = (*weightless, instances.per_snapshot) {
            reasons.push(format!(
                "all sizes are 0 B: Pympler counts their bytes with other objects or not at all; \
                 {per_snapshot:+.1} instances each snapshot (median slope)"
            ));
        } else if let (Some(per_snapshot), 3..) = (bytes.per_snapshot, *snapshots) {
            // In a unit that the recording lasted for at least twice.
            let (unit, seconds) = match span_seconds {
                0.0..120.0 => ("s", 1.0),
                120.0..7200.0 => ("min", 60.0),
                _ => ("h", 3600.0),
            };
            let change = |bytes| units::change(bytes as i128, ByteStyle::Units);
            let by_time = match bytes.per_second {
                Some(per_second) => format!("{}/{unit}, ", change(per_second * seconds)),
                None => String::new(),
            };
            reasons.push(format!(
                "{by_time}{} each snapshot (median slopes); monotonicity {:+.2} (1: never falls, \
                 -1: never rises)",
                change(per_snapshot),
                bytes.monotonicity
            ));
        }
        if survival.born > 0 {
            reasons.push(format!(
                "{} of {} born between the first snapshot and the last were alive at the last, \
                 from {} of {}",
                count(survival.survived.into()),
                count(survival.born.into()),
                survival.spans_with_survivors,
                units::counted(
                    survival.spans_with_births,
                    "interval between snapshots",
                    "intervals between snapshots"
                ),
            ));
        }
        reasons.push(
            match pattern {
                Pattern::PilingUp if every_time => {
                    "in every interval some new instances survive; a full cache or a finished start-up does not look like this"
                }
                Pattern::PilingUp if *snapshots < ENOUGH_SNAPSHOTS => {
                    "too few snapshots to tell growth from a cache that fills up; take four or more"
                }
                Pattern::PilingUp => "it grows, but its survivors do not show that it will continue to grow",
                Pattern::Swelling => "the number of instances does not change, but each instance holds more and more",
                Pattern::LevelledOff => "it grew and then stopped, as a full cache does",
                Pattern::Churn => "instances are created and released, and their number does not grow",
                Pattern::Shrinking => "it became smaller",
                Pattern::Steady => "nothing much happened",
                Pattern::TooShort => "too few snapshots to say anything",
            }
            .into(),
        );
        reasons
    }
}
