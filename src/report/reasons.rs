//! The codes of a verdict as sentences, and both of them in JSON.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::analysis::leaks::{Reason, Unknown, Verdict};
use crate::units::{self, ByteStyle};

/// Why a verdict is what it is, a sentence for each reason.
pub(super) fn sentences(reasons: &[Reason]) -> Vec<String> {
    reasons.iter().map(|&reason| sentence(reason)).collect()
}

fn sentence(reason: Reason) -> String {
    let count = |count: i128| units::thousands(count);
    let size = |count: i128| units::bytes(count, ByteStyle::Units);
    match reason {
        Reason::Course {
            instances_first,
            instances_last,
            bytes_first,
            bytes_last,
            snapshots,
        } => format!(
            "{} → {}, {} → {} over {}",
            count(instances_first),
            units::counted(instances_last.max(0) as usize, "instance", "instances"),
            size(bytes_first),
            size(bytes_last),
            units::counted(snapshots, "snapshot", "snapshots"),
        ),
        Reason::Weightless {
            instances_per_snapshot,
        } => format!(
            "all sizes are 0 B: Pympler counts their bytes with other objects or not at all; \
             {instances_per_snapshot:+.1} instances each snapshot (median slope)"
        ),
        Reason::Slopes {
            bytes_per_second,
            bytes_per_snapshot,
            monotonicity,
            span_seconds,
        } => {
            // In a unit that the recording lasted for at least twice.
            let (unit, seconds) = match span_seconds {
                0.0..120.0 => ("s", 1.0),
                120.0..7200.0 => ("min", 60.0),
                _ => ("h", 3600.0),
            };
            let change = |bytes| units::change(bytes as i128, ByteStyle::Units);
            let by_time = match bytes_per_second {
                Some(per_second) => format!("{}/{unit}, ", change(per_second * seconds)),
                None => String::new(),
            };
            format!(
                "{by_time}{} each snapshot (median slopes); monotonicity {monotonicity:+.2}",
                change(bytes_per_snapshot),
            )
        }
        Reason::Survival {
            born,
            survived,
            intervals_with_births,
            intervals_with_survivors,
        } => format!(
            "{} of {} born after the first snapshot are alive at the last, from \
             {intervals_with_survivors} of {}",
            count(survived.into()),
            count(born.into()),
            units::counted(intervals_with_births, "interval", "intervals"),
        ),
        Reason::SurvivorsOfEverySpan => {
            "some of every interval stay: no full cache, and no start-up that is over".into()
        }
        Reason::MayBeACache => {
            "too few snapshots to tell growth from a cache that fills up; take four or more".into()
        }
        Reason::GrowthWithoutLastingSurvivors => {
            "it grows, but its survivors do not show that it will continue to grow".into()
        }
        Reason::MoreAndMoreStay => {
            "most instances that are created stay, and their number goes on growing".into()
        }
        Reason::MoreComeThanGo => {
            "more instances are created than released: each is released at last, but the queue \
             goes on growing"
                .into()
        }
        Reason::Swelling {
            measured,
            swollen,
            growth_bytes,
        } => format!(
            "living instances that hold more than when they were first measured: {} of {}, together {}",
            count(swollen.into()),
            count(measured.into()),
            units::change(growth_bytes, ByteStyle::Units),
        ),
        Reason::InstancesHoldMore => {
            "living instances hold more and more, and that goes on growing".into()
        }
        Reason::ReplacedByLarger => {
            "the number of instances does not grow, but new instances hold more than those that \
             they replace"
                .into()
        }
        Reason::GrewTooLittle { min_growth_bytes } => format!(
            "it grew by less than {}, which --min-growth asks for",
            size(min_growth_bytes.into())
        ),
        Reason::GrewOnce => {
            "it grew between two snapshots alone: one step does not show a leak".into()
        }
        Reason::GrowthSlowsDown {
            telling_span_seconds,
            span_seconds,
        } => format!(
            "it grows by less and less, as a cache does that fills up; {}",
            telling(telling_span_seconds, span_seconds)
        ),
        Reason::GrowthStopped => "it grew and then stopped, as a full cache does".into(),
        Reason::InstancesComeAndGo => {
            "instances are created and released, and their number does not grow".into()
        }
        Reason::BecameSmaller => "it became smaller".into(),
        Reason::NothingHappened => "nothing much happened".into(),
        Reason::TooFewSnapshots => "too few snapshots to say anything".into(),
    }
}

/// How long a recording would tell a cache from a leak.
pub(super) fn telling(telling_span_seconds: Option<f64>, span_seconds: f64) -> String {
    let this = units::short_time(span_seconds);
    match telling_span_seconds {
        Some(telling) => format!(
            "a recording of about {} would tell, this one has {this}",
            units::short_time(telling)
        ),
        None => format!("a recording much longer than {this} would tell"),
    }
}

/// What a dump cannot show, and what would record it.
pub(super) fn limit(limit: Unknown) -> String {
    match limit {
        Unknown::Referrers => {
            "who keeps an object alive: Pympler records what objects refer to, not who refers to \
             them; gc.get_referrers in the running program shows that"
        }
        Unknown::UntrackedMemory => {
            "classes that were not tracked, and memory that no Python object owns"
        }
        Unknown::FurtherGrowth => {
            "whether what grew would have gone on growing: a cache that is not full yet looks the \
             same"
        }
        Unknown::MissingPart => "what the missing part shows: the dump is not whole",
    }
    .into()
}

/// Codes with their figures, and the sentences beside them.
impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut verdict = serializer.serialize_struct("Verdict", 4)?;
        verdict.serialize_field("confidence", &self.confidence)?;
        verdict.serialize_field("pattern", &self.pattern)?;
        verdict.serialize_field("reasons", &sentences(&self.reasons))?;
        verdict.serialize_field("reason_codes", &self.reasons)?;
        verdict.end()
    }
}
