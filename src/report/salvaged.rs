//! What is lost of a dump that was read only as far as it is whole, in words.

use crate::model::Salvaged;
use crate::units::{counted, escaped, thousands};

/// Where reading stopped and why, what is missing, and what stands in its place. Harmless to a
/// terminal, without capitals and full stops.
pub fn clauses(lost: &Salvaged) -> Vec<String> {
    let more = if lost.bytes_uncounted {
        "more than "
    } else {
        ""
    };
    let unread = match lost.bytes_not_read {
        0 => String::new(),
        1 => ", and the byte there was not read".into(),
        bytes => format!(
            ", and {more}{} bytes from there on were not read",
            thousands(bytes.into())
        ),
    };
    let mut clauses = vec![format!(
        "reading stopped at byte {} ({}){unread}",
        lost.stopped_at_byte,
        escaped(&lost.reason),
    )];
    let missing = match (lost.objects_complete, lost.snapshots_complete) {
        (false, _) => "what was dumped behind these objects is missing, and so are all snapshots",
        (true, false) if lost.snapshots == 0 => "all snapshots are missing",
        (true, false) => "what was dumped behind these snapshots is missing",
        (true, true) => "nothing is missing as far as this shows",
    };
    clauses.push(format!(
        "{} and {} were read: {missing}",
        some(lost.objects, "object", "objects"),
        some(lost.snapshots, "snapshot", "snapshots"),
    ));
    if lost.snapshots_rebuilt > 0 {
        let was = if lost.snapshots_rebuilt == 1 {
            "was"
        } else {
            "were"
        };
        clauses.push(format!(
            "{} {was} rebuilt from the times and sizes of the objects: the tracked total is the \
             sum of these sizes; description, process size and overhead are unknown",
            some(lost.snapshots_rebuilt, "snapshot", "snapshots"),
        ));
    }
    clauses
}

fn some(count: u64, one: &str, more: &str) -> String {
    match count {
        0 => format!("no {more}"),
        count => counted(usize::try_from(count).unwrap_or(usize::MAX), one, more),
    }
}
