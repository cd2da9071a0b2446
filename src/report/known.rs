//! Leaks that are known and accepted, in words.

use crate::analysis::leaks::{Idle, IdleReason, KnownLeak};
use crate::units::escaped;

/// What users typed is told up to so many characters, and why something is accepted up to more.
const MAX_TYPED: usize = 200;
const MAX_WHY: usize = 2000;

fn told(text: &str, most: usize) -> String {
    let head: String = text.chars().take(most).collect();
    escaped(&head).into_owned()
}

/// By what something is set aside, and why.
pub(super) fn sentence(known: &[KnownLeak]) -> String {
    let sentences: Vec<String> = known.iter().map(of_one).collect();
    sentences.join("; ")
}

fn of_one(known: &KnownLeak) -> String {
    let class = told(&known.class, MAX_TYPED);
    let Some(why) = &known.why else {
        return format!("--ignore {class}");
    };
    let site = known.site.as_ref();
    let site = site.map_or(String::new(), |site| {
        format!(" from {}", told(site, MAX_TYPED))
    });
    let until = known.until;
    let until = until.map_or(String::new(), |until| format!(" until {until}"));
    format!("known as {class}{site}{until}: {}", told(why, MAX_WHY))
}

/// An entry, to tell it from others.
fn entry(known: &KnownLeak) -> String {
    let class = told(&known.class, MAX_TYPED);
    let site = known.site.as_ref();
    let site = site.map_or(String::new(), |site| {
        format!(" from '{}'", told(site, MAX_TYPED))
    });
    match known.why {
        Some(_) => format!("known leak '{class}'{site}"),
        None => format!("--ignore '{class}'{site}"),
    }
}

/// That an entry holds no more.
pub fn expired(known: &KnownLeak) -> String {
    let until = known.until.map_or(String::new(), |day| day.to_string());
    let entry = entry(known);
    format!(
        "{entry} was accepted until {until} and hides nothing any more; fix it, or set a later day"
    )
}

/// Why an entry sets nothing aside.
pub fn idle(idle: &Idle) -> String {
    let entry = entry(&idle.known);
    match &idle.because {
        IdleReason::NoClass { similar } => {
            let similar = super::did_you_mean(similar);
            format!("{entry} hides nothing: the dump has no such class{similar}")
        }
        IdleReason::NoSuspect => {
            format!("{entry} hides nothing: no such class is suspected")
        }
        IdleReason::NoSuchLine => {
            format!("{entry} hides nothing: no survivor was created there")
        }
        IdleReason::OtherLine { class, line } => {
            let class = told(class, MAX_TYPED);
            let line = line.as_ref().map_or_else(
                || "objects without a trace".to_owned(),
                |line| format!("objects from {}", told(line, MAX_TYPED)),
            );
            format!("{entry} does not hide {class}: it also has {line}, which no entry names")
        }
    }
}
