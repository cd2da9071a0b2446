//! Texts that must not leave the house, replaced by placeholders that keep what is equal
//! equal: `repr-7` stands for one text throughout the dump.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::quality::RandomState;

use super::text::TextId;
use super::{Contents, Dump, TrackedObject};
use crate::named::named;

named! {
    /// Texts that can be redacted.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Redaction {
        /// Reprs of objects and of what they refer to. Attribute names stay; dict keys that
        /// are no Python identifiers go.
        Repr = "repr",
        /// Files, functions and source lines of traces.
        Trace = "trace",
        /// Descriptions of snapshots.
        Desc = "desc",
    }
}

/// Placeholders by what they stand for.
#[derive(Default)]
struct Placeholders {
    /// By two hashes of kind and text, which no two texts have in common.
    by_text: HashMap<(u64, u64), TextId>,
    hashers: [RandomState; 2],
    /// Those of long texts, by kind and number: one of megabytes may come often, and is looked at
    /// once.
    by_id: HashMap<(&'static str, TextId), TextId>,
    /// How many there are of a kind.
    numbers: HashMap<&'static str, usize>,
}

impl Placeholders {
    fn remember(&mut self, kind: &'static str, id: TextId, text: &[u8], placeholder: TextId) {
        /// Longer ones are worth an entry.
        const SHORT_BYTES: usize = 200;
        if text.len() > SHORT_BYTES {
            self.by_id.insert((kind, id), placeholder);
        }
    }
}

impl Dump {
    /// The dump without these texts.
    pub fn redacted(self, what: &[Redaction]) -> Dump {
        let mut dump = self.contents;
        let mut placeholders = Placeholders::default();
        for redaction in what {
            match redaction {
                Redaction::Repr => dump.redact_reprs(&mut placeholders),
                Redaction::Trace => dump.redact_traces(&mut placeholders),
                Redaction::Desc => dump.redact_descriptions(&mut placeholders),
            }
        }
        drop(placeholders);
        // The texts themselves are still in the arena: take only what is referred to.
        let objects: Vec<_> = dump.objects().map(TrackedObject::id).collect();
        dump.part(&objects)
    }
}

impl Contents {
    fn placeholder(
        &mut self,
        placeholders: &mut Placeholders,
        kind: &'static str,
        before: &[u8],
        text: &[u8],
    ) -> TextId {
        let [a, b] = &placeholders.hashers;
        let [a, b] = [a, b].map(|hasher| hasher.hash_one((kind, before, text)));
        let key = (a, b);
        if let Some(&id) = placeholders.by_text.get(&key) {
            return id;
        }
        let number = placeholders.numbers.entry(kind).or_default();
        *number += 1;
        let mut placeholder = before.to_vec();
        placeholder.extend(format!("{kind}-{number}").bytes());
        let id = self.text.push(&placeholder).unwrap_or(TextId::NONE);
        placeholders.by_text.insert(key, id);
        id
    }

    fn replace(
        &mut self,
        placeholders: &mut Placeholders,
        kind: &'static str,
        id: TextId,
    ) -> TextId {
        if let Some(&known) = placeholders.by_id.get(&(kind, id)) {
            return known;
        }
        let text = self.text.bytes(id).to_vec();
        if id == TextId::NONE || text.is_empty() {
            return id;
        }
        let placeholder = self.placeholder(placeholders, kind, b"", &text);
        placeholders.remember(kind, id, &text, placeholder);
        placeholder
    }

    fn redact_reprs(&mut self, placeholders: &mut Placeholders) {
        for index in 0..self.objects.len() {
            self.objects.repr[index] = self.replace(placeholders, "repr", self.objects.repr[index]);
        }
        for index in 0..self.asized.rows.len() {
            let id = self.asized.rows[index].name;
            if id == TextId::NONE {
                continue;
            }
            const NAME: &str = "name";
            let known = placeholders.by_id.get(&(NAME, id)).copied();
            self.asized.rows[index].name = known.unwrap_or_else(|| {
                let name = self.text.bytes(id).to_vec();
                let redacted = self.redact_name(placeholders, id, &name);
                placeholders.remember(NAME, id, &name, redacted);
                redacted
            });
        }
    }

    /// `[K] key` and `[V] key: value` are of dict items, anything else is an attribute name
    /// or a repr.
    fn redact_name(&mut self, placeholders: &mut Placeholders, id: TextId, name: &[u8]) -> TextId {
        const PHANTOM: &[u8] = b"None";
        let (mark, rest) = match name.get(..4) {
            Some(mark @ (b"[K] " | b"[V] ")) => (mark, &name[4..]),
            _ if is_identifier(name) || name == PHANTOM => return id,
            _ => return self.placeholder(placeholders, "repr", b"", name),
        };
        let (key, value) = match rest.windows(2).position(|pair| pair == b": ") {
            Some(colon) if mark == b"[V] " => (&rest[..colon], Some(&rest[colon + 2..])),
            _ => (rest, None),
        };
        let mut before = mark.to_vec();
        if !is_identifier(key) {
            return self.placeholder(placeholders, "repr", &before, rest);
        }
        let Some(value) = value else { return id };
        before.extend_from_slice(key);
        before.extend_from_slice(b": ");
        self.placeholder(placeholders, "repr", &before, value)
    }

    fn redact_traces(&mut self, placeholders: &mut Placeholders) {
        for index in 0..self.traces.frames.len() {
            let mut frame = self.traces.frames[index].clone();
            frame.file = self.replace(placeholders, "file", frame.file);
            frame.function = self.replace(placeholders, "function", frame.function);
            for line in frame.source.iter_mut().flatten() {
                *line = self.replace(placeholders, "source", *line);
            }
            self.traces.frames[index] = frame;
        }
    }

    fn redact_descriptions(&mut self, placeholders: &mut Placeholders) {
        for index in 0..self.snapshots.len() {
            let desc = self.snapshots[index].desc;
            self.snapshots[index].desc = self.replace(placeholders, "desc", desc);
        }
    }
}

fn is_identifier(text: &[u8]) -> bool {
    let start = text
        .first()
        .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    start && text.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redacted_texts_are_gone_and_equal_ones_equal() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop.dump");
        let whole = Dump::load(path).unwrap();
        let redactions = [Redaction::Repr, Redaction::Trace, Redaction::Desc];
        let part = whole.clone().redacted(&redactions);
        let bytes = String::from_utf8_lossy(part.text.all_bytes()).into_owned();
        for secret in [
            "customer-5",
            "Cart of",
            "shop.py",
            "shelf",
            "monday",
            "self.cart",
        ] {
            assert!(!bytes.contains(secret), "{secret}");
        }
        for kept in [
            "shop.Cart",
            "[V] items: repr-",
            "__dict__",
            "file-1",
            "desc-1",
        ] {
            assert!(bytes.contains(kept), "{kept}");
        }
        let pairs = whole.objects().zip(part.objects());
        for (a, b) in pairs {
            assert_eq!(
                a.largest_bytes(Default::default()),
                b.largest_bytes(Default::default())
            );
            assert_eq!(a.trace().map(|t| t.id()), b.trace().map(|t| t.id()));
        }
    }
}
