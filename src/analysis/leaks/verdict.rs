//! What the figures of a class say: does it leak, how sure is that, and why.

use std::collections::HashSet;

use serde::Serialize;

use super::growth::{self, Course, Growth};
use super::survival::Survival;
use super::swelling::Swelling;
use super::trend::Trend;

/// How sure a verdict is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// It does not look like a leak.
    No,
    /// It grows by less and less, as a cache does that fills up.
    Filling,
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
    /// More come than go, first in and first out, so that no instance stays for ever.
    Backlog,
    /// It grows by less and less, as a cache does that fills up.
    Filling,
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
    /// Their bytes at the first snapshot that saw an instance.
    #[serde(skip)]
    pub(super) bytes_at_start: i128,
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
    /// Most of those that were created stay.
    MoreAndMoreStay,
    /// More are created than released, though each is released at last.
    MoreComeThanGo,
    /// What living instances took on after they were first measured.
    Swelling {
        /// Instances that were alive at the last snapshot and measured twice or more.
        measured: u64,
        /// Those of them that hold more than at first.
        swollen: u64,
        /// Bytes that they took on.
        growth_bytes: i128,
    },
    /// Living instances hold more and more.
    InstancesHoldMore,
    /// Instances are replaced by ones that hold more.
    ReplacedByLarger,
    /// It grew by less than what was asked for.
    GrewTooLittle {
        /// The floor.
        min_growth_bytes: u64,
    },
    /// It grew, and then it stopped.
    GrowthStopped,
    /// It grew in one interval between snapshots alone.
    GrewOnce,
    /// It grows by less and less.
    GrowthSlowsDown {
        /// How long a recording of the same pace must be to show that it stopped, in seconds;
        /// `None` if that is not to be told.
        telling_span_seconds: Option<f64>,
        /// How long this one is, in seconds.
        span_seconds: f64,
    },
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

/// Monotonicity from which a figure counts as going up.
const RISING: f64 = 0.25;

/// Monotonicity from which the number alone shows that more come than go, though nobody stays.
const CLEARLY_RISING: f64 = 0.8;

/// The same for a verdict of "possible".
const PROBABLY_RISING: f64 = 0.7;

/// Late growth up to which a number has levelled off, if chance plays no part.
const LEVEL: f64 = 0.35;

/// The same, measured by who survives. Noise does less to it.
const LEVEL_SURVIVORS: f64 = 0.25;

/// Below this probability old objects do not die as the young ones do.
const OLD_ONES_STAY: f64 = 0.01;

/// Swelling is what a class does if it makes up this share of what the class grew by.
const MOSTLY: f64 = 0.5;

/// Replaced instances are larger each time: the bytes of the class fall by less than this share of what
/// they rise.
const REPLACED_UNEVEN: f64 = 0.02;

/// At least this share of the last instances were not there at first, if instances are replaced.
const REPLACED: f64 = 0.3;

/// A number that comes and goes wavers by the root of its mean (Poisson). It grew by so many times
/// this if it is likely, and possible, that it is no such wave.
const CLEAR_WAVES: f64 = 3.5;
const BACKLOG_WAVES: f64 = 2.5;
const SOME_WAVES: f64 = 1.8;

/// Nearly all stay where less than this share of those that were born died.
const FEW_DIED: f64 = 0.2;

/// What grew by less than the process's size divided by this is small.
const SMALL: i128 = 10_000;

/// What swells gives back no more than this share of what it takes on.
pub(super) const MOST_PRUNED: f64 = 0.15;

/// Snapshots that a verdict of "likely" needs.
pub(in crate::analysis) const ENOUGH_SNAPSHOTS: usize = 4;

/// The rows of a class that a verdict rests on, beside its [`Evidence`].
pub(super) struct Rows {
    /// How the number of instances goes on.
    pub(super) instances: Growth,
    /// How the bytes go on.
    pub(super) bytes: Growth,
    /// What living instances took on; `None` of a class whose instances were not measured for
    /// that.
    pub(super) held: Option<Swelling>,
    /// What the number of instances grew by since the first, in roots of its mean.
    pub(super) waves: f64,
    /// How many classes are weighed whose instances come and go: of many, one or the other grows
    /// by chance.
    pub(super) tests: usize,
}

/// What one kind of growth says.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Finding {
    confidence: Confidence,
    pattern: Pattern,
    reason: Reason,
}

impl Finding {
    fn no(pattern: Pattern, reason: Reason) -> Finding {
        Finding {
            confidence: Confidence::No,
            pattern,
            reason,
        }
    }
}

impl Evidence {
    /// Whether it grew by less than a ten-thousandth of a process of so many bytes.
    pub(super) fn is_small_in(&self, process_bytes: Option<i128>) -> bool {
        let growth = self.bytes.change().saturating_mul(SMALL);
        !self.weightless && process_bytes.is_some_and(|process| growth < process)
    }

    /// Weighs the figures. What grew by less than `min_growth_bytes` is no suspect.
    pub(super) fn verdict(&self, rows: &Rows, min_growth_bytes: u64) -> Verdict {
        let figure = if self.weightless {
            &self.instances
        } else {
            &self.bytes
        };
        let grew = (figure.change() > 0 && figure.last > 0) || self.instances.change() > 0;
        let survived = self.survival.survived > 0;
        let finding = match () {
            () if self.snapshots < 2 => Finding::no(Pattern::TooShort, Reason::TooFewSnapshots),
            () if !grew => self.at_rest(rows),
            () if self.snapshots < ENOUGH_SNAPSHOTS && survived => Finding {
                confidence: Confidence::Possible,
                pattern: Pattern::PilingUp,
                reason: Reason::MayBeACache,
            },
            () if self.snapshots < ENOUGH_SNAPSHOTS => {
                Finding::no(Pattern::TooShort, Reason::TooFewSnapshots)
            }
            () => self.growing(rows),
        };
        let is_below = !self.weightless && self.bytes.change() < min_growth_bytes.into();
        let finding = match finding.confidence {
            Confidence::Possible | Confidence::Likely if is_below => Finding {
                confidence: Confidence::No,
                reason: Reason::GrewTooLittle { min_growth_bytes },
                ..finding
            },
            _ => finding,
        };
        Verdict {
            confidence: finding.confidence,
            pattern: finding.pattern,
            reasons: self.reasons(rows, finding.reason),
        }
    }

    /// A class that grew: by its number, by what its instances hold, or by both.
    fn growing(&self, rows: &Rows) -> Finding {
        let number = self.number(rows);
        let size = self.size(rows);
        match (number, size) {
            (Some(number), Some(size)) => {
                let by_size = self.swelling_share(rows) >= MOSTLY;
                match number.confidence.cmp(&size.confidence) {
                    std::cmp::Ordering::Greater => number,
                    std::cmp::Ordering::Less => size,
                    std::cmp::Ordering::Equal if by_size => size,
                    std::cmp::Ordering::Equal => number,
                }
            }
            (Some(finding), None) | (None, Some(finding)) => finding,
            (None, None) => self.at_rest(rows),
        }
    }

    /// What the number of instances says; `None` if it did not grow.
    fn number(&self, rows: &Rows) -> Option<Finding> {
        let Evidence {
            instances,
            survival,
            ..
        } = self;
        if instances.change() <= 0 {
            return None;
        }
        let Growth {
            course,
            monotonicity,
            ..
        } = rows.instances;
        let piling_up = |confidence, reason| {
            Some(Finding {
                confidence,
                pattern: Pattern::PilingUp,
                reason,
            })
        };
        let possible = |speaks: bool| {
            let reason = Reason::GrowthWithoutLastingSurvivors;
            piling_up(Confidence::Possible, reason).filter(|_| speaks)
        };
        let every_time = survival.is_of_every_time() && !self.few_stay();
        // The number must grow by what stays, or else those who stay replace others.
        let balanced = 5 * instances.change() >= 2 * i128::from(survival.survived_early());
        let old_ones_stay =
            survival.old_age_chance < OLD_ONES_STAY / rows.tests.max(1) as f64 && balanced;
        let hidden = every_time && old_ones_stay && instances.monotonicity >= RISING;
        // No wave is even for long.
        let is_even = rows.instances.unevenness < growth::EVEN;
        let waves = match is_even && self.snapshots >= growth::MANY {
            true => f64::INFINITY,
            false => rows.waves,
        };
        // Of a few figures, random ones rise steadily now and then.
        let backlog_waves = match self.snapshots {
            0..growth::MANY => CLEAR_WAVES,
            _ => BACKLOG_WAVES,
        };
        let stays = survival.share_died() < 0.5 && survival.born > 0;
        match course {
            Course::Still | Course::Stopped | Course::Once | Course::Slowing if hidden => {
                piling_up(Confidence::Likely, Reason::SurvivorsOfEverySpan)
            }
            Course::Stopped => Some(Finding::no(Pattern::LevelledOff, Reason::GrowthStopped)),
            Course::Once => Some(Finding::no(Pattern::LevelledOff, Reason::GrewOnce)),
            Course::Slowing => Some(self.filling(&rows.instances)),
            Course::GoesOn if every_time => {
                piling_up(Confidence::Likely, Reason::SurvivorsOfEverySpan)
            }
            Course::GoesOn
                if stays && (waves >= CLEAR_WAVES || survival.share_died() < FEW_DIED) =>
            {
                piling_up(Confidence::Likely, Reason::MoreAndMoreStay)
            }
            Course::GoesOn if monotonicity >= CLEARLY_RISING && waves >= backlog_waves => {
                Some(Finding {
                    confidence: Confidence::Likely,
                    pattern: Pattern::Backlog,
                    reason: Reason::MoreComeThanGo,
                })
            }
            Course::Uncertain if every_time && old_ones_stay => {
                piling_up(Confidence::Likely, Reason::SurvivorsOfEverySpan)
            }
            Course::GoesOn => possible(monotonicity >= PROBABLY_RISING && waves >= SOME_WAVES),
            Course::Uncertain => possible(
                (monotonicity >= CLEARLY_RISING && waves >= CLEAR_WAVES)
                    || ((every_time || stays) && waves >= SOME_WAVES),
            ),
            Course::Still => None,
        }
    }

    /// What the bytes of the instances say; `None` if they did not swell.
    fn size(&self, rows: &Rows) -> Option<Finding> {
        let (bytes, swelling) = (rows.bytes, rows.held.as_ref()?);
        if self.weightless || self.bytes.change() <= 0 {
            return None;
        }
        if self.swelling_share(rows) < MOSTLY {
            return self.replaced(rows.instances, bytes, swelling);
        }
        let swells = |confidence| {
            Some(Finding {
                confidence,
                pattern: Pattern::Swelling,
                reason: Reason::InstancesHoldMore,
            })
        };
        let Growth {
            course, unevenness, ..
        } = swelling.growth;
        match (course, bytes.course) {
            // What is pruned now and then has a bound.
            (Course::GoesOn | Course::Uncertain, _) if unevenness > MOST_PRUNED => None,
            // What takes on bytes and is then dropped does not leak them.
            (Course::GoesOn, Course::Still) => None,
            (Course::GoesOn, Course::Stopped | Course::Once) | (Course::Stopped, _) => {
                Some(Finding::no(Pattern::LevelledOff, Reason::GrowthStopped))
            }
            (Course::GoesOn, Course::GoesOn) => swells(Confidence::Likely),
            (Course::GoesOn, _) => swells(Confidence::Possible),
            (Course::Slowing, _) => Some(self.filling(&swelling.growth)),
            (Course::Once, _) => Some(Finding::no(Pattern::LevelledOff, Reason::GrewOnce)),
            (Course::Still | Course::Uncertain, _) => None,
        }
    }

    /// What fills up, and how long a recording would tell whether it does.
    fn filling(&self, growth: &Growth) -> Finding {
        let interval_seconds = self.span_seconds / self.snapshots.saturating_sub(1).max(1) as f64;
        let telling = growth.stops_after_intervals;
        Finding {
            confidence: Confidence::Filling,
            pattern: Pattern::Filling,
            reason: Reason::GrowthSlowsDown {
                telling_span_seconds: telling.map(|intervals| intervals * interval_seconds),
                span_seconds: self.span_seconds,
            },
        }
    }

    /// Instances that are replaced by ones that hold more: a state that is copied and extended. Their
    /// number does not change, and chance does not make each one larger than the one before.
    fn replaced(&self, instances: Growth, bytes: Growth, swelling: &Swelling) -> Option<Finding> {
        let goes_on = bytes.course == Course::GoesOn && bytes.unevenness < REPLACED_UNEVEN;
        let [start, end] = &swelling.at_ends;
        let start: HashSet<_> = start.objects.iter().collect();
        let new = end.objects.iter().filter(|object| !start.contains(object));
        let is_replaced = instances.course == Course::Still
            && new.count() as f64 >= REPLACED * end.objects.len() as f64;
        (goes_on && is_replaced).then_some(Finding {
            confidence: Confidence::Likely,
            pattern: Pattern::Swelling,
            reason: Reason::ReplacedByLarger,
        })
    }

    /// What living instances took on, as a share of what the class grew by.
    fn swelling_share(&self, rows: &Rows) -> f64 {
        let held = rows.held.as_ref();
        let swelling = held.map_or(0, |swelling| swelling.growth_bytes.max(0));
        swelling as f64 / (self.bytes.last - self.bytes_at_start).max(1) as f64
    }

    /// Whether far fewer of the later births stay than of the earlier ones.
    fn few_stay(&self) -> bool {
        let late = self.survival.late_share();
        late.is_some_and(|late| late < LEVEL_SURVIVORS)
    }

    /// What a class does that does not grow.
    fn at_rest(&self, rows: &Rows) -> Finding {
        let died = self.survival.born - self.survival.survived;
        let late = self.instances.late_growth.or(self.bytes.late_growth);
        let is_level = self.few_stay() || late.is_some_and(|late| late < LEVEL);
        let grew = self.instances.change() > 0 || self.bytes.change() > 0;
        match rows.bytes.course {
            _ if self.bytes.change() <= 0 || self.snapshots < ENOUGH_SNAPSHOTS => {}
            Course::Stopped => return Finding::no(Pattern::LevelledOff, Reason::GrowthStopped),
            Course::Once => return Finding::no(Pattern::LevelledOff, Reason::GrewOnce),
            _ => {}
        }
        if self.snapshots >= ENOUGH_SNAPSHOTS && grew && is_level {
            Finding::no(Pattern::LevelledOff, Reason::GrowthStopped)
        } else if self.bytes.monotonicity <= -RISING && self.bytes.change() < 0 {
            Finding::no(Pattern::Shrinking, Reason::BecameSmaller)
        } else if 2 * died > self.survival.born.max(1) {
            Finding::no(Pattern::Churn, Reason::InstancesComeAndGo)
        } else {
            Finding::no(Pattern::Steady, Reason::NothingHappened)
        }
    }

    fn reasons(&self, rows: &Rows, finding: Reason) -> Vec<Reason> {
        let Evidence {
            instances,
            bytes,
            weightless,
            survival,
            snapshots,
            span_seconds,
            ..
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
        if survival.born > 0 && finding != Reason::InstancesHoldMore {
            reasons.push(Reason::Survival {
                born: survival.born,
                survived: survival.survived,
                intervals_with_births: survival.spans_with_births,
                intervals_with_survivors: survival.spans_with_survivors,
            });
        }
        if let (Reason::InstancesHoldMore, Some(swelling)) = (finding, &rows.held) {
            reasons.push(Reason::Swelling {
                measured: swelling.measured,
                swollen: swelling.swollen.len() as u64,
                growth_bytes: swelling.growth_bytes,
            });
        }
        reasons.push(finding);
        reasons
    }
}
