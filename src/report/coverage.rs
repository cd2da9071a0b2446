//! How much of the process the tracked classes explain, in words.

use crate::analysis::coverage::{Coverage, Covered};
use crate::analysis::summary::percent;
use crate::units::{ByteStyle, bytes, change, escaped, share};

/// How many characters of a description a sentence takes.
const DESCRIPTION: usize = 60;

/// A sentence on the peak and one on the growth, as far as there are these.
pub(super) fn sentences(coverage: &Coverage<'_>) -> Vec<String> {
    let size = |count| bytes(count, ByteStyle::Units);
    let signed = |count| change(count, ByteStyle::Units);
    let mut sentences = Vec::new();
    if let Some(peak) = &coverage.peak {
        let tracked = peak.tracked_bytes;
        let wholes = [
            (peak.resident_bytes, "resident"),
            (peak.virtual_bytes, "virtual"),
            (peak.asizeof_bytes, "that asizeof found"),
        ];
        let known = wholes.into_iter().filter_map(|(whole, what)| {
            let whole = whole.filter(|&whole| whole > 0)?;
            Some(format!("{} {what}", of_whole(tracked, whole)))
        });
        let known: Vec<String> = known.collect();
        sentences.push(if known.is_empty() {
            format!(
                "At the peak, {}, the tracked classes hold {}; what the process took was not \
                 recorded, so nobody can say how much of it that is.",
                name(peak),
                size(tracked)
            )
        } else {
            format!(
                "At the peak, {}, the tracked classes explain {} of the process: {}.",
                name(peak),
                size(tracked),
                known.join(", ")
            )
        });
    }
    if let Some(growth) = &coverage.growth {
        let tracked = growth.tracked_bytes;
        let process = match growth.resident_bytes {
            Some(resident) if tracked <= 0 => {
                format!("the process’s resident size by {}", signed(resident))
            }
            Some(resident) if resident > tracked => format!(
                "the process’s resident size by {}, so they explain {} of its growth",
                signed(resident),
                share(percent(tracked, resident))
            ),
            // More than all of it is no share.
            Some(resident) => format!(
                "the process’s resident size by {}: what they grew by found room in memory that \
                 the process had before, or is counted in several of them",
                signed(resident)
            ),
            None => "what the process took was not recorded".into(),
        };
        sentences.push(format!(
            "From the first snapshot to the last the tracked classes changed by {}, {process}.",
            signed(tracked)
        ));
    }
    sentences
}

/// `1.2 % of 20.0 MiB`. More than the whole is no share of it: sizes that several objects share
/// are counted in each, and memory may be swapped out.
fn of_whole(part: i128, whole: i128) -> String {
    let size = bytes(whole, ByteStyle::Units);
    if part > whole {
        format!("more than {size}")
    } else {
        format!("{} of {size}", share(percent(part, whole)))
    }
}

fn name(covered: &Covered<'_>) -> String {
    let number = covered.snapshot;
    if covered.description.is_empty() {
        return format!("snapshot {number}");
    }
    let head = covered.description.head(DESCRIPTION);
    format!("snapshot {number} (“{}”)", escaped(&head.to_str()))
}
