//! Texts of a filter that occur nowhere in a dump: mostly misspelt ones. An answer about nothing
//! must not read like an all-clear.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::Filter;
use crate::error::Error;
use crate::model::{Contents, Rows, Text};
use crate::similar::similar;
use crate::source::Source;

/// So many different texts of a dump are compared with one that is not found.
const MOST_COMPARED: usize = 10_000;

/// What a text of a filter is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// Registered class names.
    Class,
    /// The objects' own class names.
    Name,
    /// Reprs.
    Repr,
}

/// A text of a filter that fits no class or no object of a dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// What it was looked for in.
    pub criterion: Criterion,
    /// The text.
    pub text: String,
    /// What there is that is most like it: at most three texts, the best first.
    pub similar: Vec<String>,
}

impl Filter {
    /// The texts of this filter that fit nothing in a dump, whatever else is asked for, and whether
    /// some object passes. If only classes are asked for, a class that passes is enough: its
    /// objects need not be read. Fails if the dump cannot be read.
    pub fn unmatched(&self, source: &impl Source) -> Result<(Vec<Unmatched>, bool), Error> {
        let digest = source.digest()?.contents;
        if self.admits_every_object() {
            let mut names = digest.classes().map(|class| class.name());
            let some_pass = names.any(|name| self.admits_class(name));
            return Ok((self.unmatched_in(digest), some_pass));
        }
        let objects = source.fetch(self.projection(), Rows::All)?;
        let some_pass = self.passing(&objects).next().is_some();
        Ok((self.unmatched_in(&objects), some_pass))
    }

    pub(super) fn unmatched_in(&self, dump: &Contents) -> Vec<Unmatched> {
        let classes: Vec<Text<'_>> = dump.classes().map(|class| class.name()).collect();
        let mut unmatched: Vec<Unmatched> = self
            .classes
            .iter()
            .filter(|text| !classes.iter().any(|&name| super::means(text, name)))
            .map(|text| Unmatched {
                criterion: Criterion::Class,
                text: text.clone(),
                similar: most_similar(text, &classes),
            })
            .collect();
        unmatched.extend(of_objects(dump, Criterion::Name, &self.names));
        unmatched.extend(of_objects(dump, Criterion::Repr, &self.reprs));
        unmatched
    }
}

/// The classes that are most like one that is not there: at most three names, the best first.
pub(crate) fn similar_classes(dump: &Contents, class: &str) -> Vec<String> {
    let names: Vec<Text<'_>> = dump.classes().map(|class| class.name()).collect();
    most_similar(class, &names)
}

fn most_similar(text: &str, names: &[Text<'_>]) -> Vec<String> {
    let names = names.iter().take(MOST_COMPARED);
    let names: Vec<_> = names.map(|name| name.to_str()).collect();
    // A `*` stands for any text, and so says nothing of what is meant.
    let typed = text.replace('*', "");
    if typed.is_empty() {
        return Vec::new();
    }
    let found = similar(&typed, names.iter().map(|name| &**name));
    found.into_iter().map(String::from).collect()
}

/// Those that occur in this text of no object. One pass, which ends when all are found.
fn of_objects(dump: &Contents, criterion: Criterion, texts: &[String]) -> Vec<Unmatched> {
    let mut missing: Vec<&String> = texts.iter().collect();
    let mut seen: HashSet<Text<'_>, FixedState> = HashSet::default();
    let mut compared = Vec::new();
    for object in dump.objects() {
        if missing.is_empty() {
            break;
        }
        let text = match criterion {
            Criterion::Repr => object.repr(),
            _ => object.name(),
        };
        missing.retain(|part| !text.contains(part));
        if compared.len() < MOST_COMPARED && seen.insert(text) {
            compared.push(text);
        }
    }
    let unmatched = |text: &String| Unmatched {
        criterion,
        text: text.clone(),
        similar: most_similar(text, &compared),
    };
    missing.into_iter().map(unmatched).collect()
}
