//! Whether a text that Pympler made of reprs mentions instances of a class: by an address, or by
//! the name of the class where a repr has it (`<shop.Cart object at 0x7f5a>`, `Cart(7)`,
//! `<bound method Cart.notify of …>`). A class that is mentioned itself, as `<class 'shop.Cart'>`,
//! and words of ordinary text do not count.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::Suspect;
use crate::model::Text;

/// So much of a text is looked at. Pympler cuts reprs to 80 characters.
const MAX_TEXT: usize = 1000;

/// By what a suspect is mentioned, the weaker first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mention {
    /// By the name of its class. Another class may have the same.
    Name,
    /// By the address of one of its instances.
    Address,
}

/// How the suspects are written.
pub(super) struct Spellings {
    /// The suspects with this last part of a name, each with what stands before it.
    names: HashMap<Vec<u8>, Vec<(usize, Qualifiers)>, FixedState>,
    /// The suspects of instances at these addresses.
    addresses: HashMap<String, usize, FixedState>,
}

/// What stands before the last part of a name.
struct Qualifiers {
    /// That of the registered name, and that of reprs.
    known: Vec<Vec<u8>>,
    /// Whether a repr says it. Else it may be a program that was run, too: `__main__`.
    is_sure: bool,
}

impl Spellings {
    /// Of suspects, by their names, and by the addresses and reprs of their survivors.
    pub(super) fn of(suspects: &[Suspect<'_>]) -> Self {
        let mut spellings = Spellings {
            names: HashMap::default(),
            addresses: HashMap::default(),
        };
        for (number, suspect) in suspects.iter().enumerate() {
            let kept = &suspect.kept;
            let survivors = || kept.oldest.iter().chain(&kept.largest);
            let addresses = survivors().map(|one| (one.address.clone(), number));
            spellings.addresses.extend(addresses);
            let of_repr = survivors().find_map(|one| name_in_repr(one.repr.as_bytes()));
            let registered = split(suspect.class.class.as_bytes());
            let of_repr = of_repr.map(split);
            let (_, last) = of_repr.unwrap_or(registered);
            if last.is_empty() {
                continue;
            }
            let known = [Some(registered), of_repr].into_iter().flatten();
            let qualifiers = Qualifiers {
                known: known.map(|(qualifier, _)| qualifier.to_vec()).collect(),
                is_sure: of_repr.is_some(),
            };
            let of_name = spellings.names.entry(last.to_vec()).or_default();
            of_name.push((number, qualifiers));
        }
        spellings
    }

    /// Hands out the suspects that a text mentions, by their numbers.
    pub(super) fn mentioned(&self, text: Text<'_>, mut see: impl FnMut(usize, Mention)) {
        let text = text.head(MAX_TEXT).as_bytes();
        for word in words(text) {
            if word.text.starts_with(b"0x") {
                let address = str::from_utf8(word.text).unwrap_or_default();
                if let Some(&suspect) = self.addresses.get(address) {
                    see(suspect, Mention::Address);
                }
                continue;
            }
            let (qualifier, last) = split(word.text);
            for (suspect, qualifiers) in self.names.get(last).into_iter().flatten() {
                if word.is_of_instance(qualifier, qualifiers) {
                    see(*suspect, Mention::Name);
                }
            }
            // A method is named by its class, then by itself.
            if let Some(first) = word.text.split(|&byte| byte == b'.').next()
                && !qualifier.is_empty()
                && text[..word.start].ends_with(b"method ")
            {
                let of_class = self.names.get(first).into_iter().flatten();
                of_class.for_each(|(suspect, _)| see(*suspect, Mention::Name));
            }
        }
    }
}

/// A dotted name in a text.
struct Word<'t> {
    text: &'t [u8],
    start: usize,
    before: Option<u8>,
    behind: Option<u8>,
    /// Whether Pympler cut what stands before it.
    is_cut: bool,
}

impl Word<'_> {
    /// Whether it names an instance: as object does it, or a dataclass, or most people.
    fn is_of_instance(&self, qualifier: &[u8], of: &Qualifiers) -> bool {
        if qualifier.is_empty() && !self.is_cut {
            return self.before == Some(b'<') && self.behind != Some(b'\'')
                || self.behind == Some(b'(');
        }
        let is_known = |known: &Vec<u8>| match self.is_cut {
            true => known.ends_with(qualifier),
            false => known == qualifier,
        };
        let is_program = !of.is_sure && qualifier == b"__main__";
        let behind = matches!(self.behind, None | Some(b' ' | b'(' | b'>'));
        behind && !qualifier.is_empty() && (is_program || of.known.iter().any(is_known))
    }
}

/// The dotted names of a text. Two dots and more are a cut of Pympler's.
fn words(text: &[u8]) -> impl Iterator<Item = Word<'_>> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() && !is_word(text[at]) {
            at += 1;
        }
        let start = at;
        while at < text.len()
            && (is_word(text[at])
                || text[at] == b'.' && text.get(at + 1).is_some_and(|&next| is_word(next)))
        {
            at += 1;
        }
        (start < at).then(|| Word {
            text: &text[start..at],
            start,
            before: start.checked_sub(1).map(|before| text[before]),
            behind: text.get(at).copied(),
            is_cut: text[..start].ends_with(b".."),
        })
    })
}

/// What stands before the last dot of a name, and behind it.
fn split(name: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'.', name) {
        Some(dot) => (&name[..dot], &name[dot + 1..]),
        None => (b"", name),
    }
}

/// The name of the class in a repr that `object` made: `<shop.Cart object at 0x7f5a>`.
fn name_in_repr(repr: &[u8]) -> Option<&[u8]> {
    let inside = repr.strip_prefix(b"<")?;
    let end = memchr::memmem::find(inside, b" object at 0x")?;
    let is_name = |byte: &u8| !byte.is_ascii_whitespace() && *byte != b'\'';
    Some(&inside[..end]).filter(|name| name.iter().all(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::leaks::{Leaks, LeaksOptions};
    use crate::model::Dump;

    /// Texts as Pympler makes them, and whom of the fixture they mention.
    #[test]
    fn instances_are_mentioned_and_words_are_not() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/registry.dump.gz");
        let dump = Dump::load(path).unwrap();
        let leaks = Leaks::of(&dump, &LeaksOptions::default()).unwrap();
        let spellings = Spellings::of(&leaks.suspects);
        let number = |name: &str| {
            let mut suspects = leaks.suspects.iter();
            suspects.position(|suspect| suspect.class.class == Text::new(name))
        };
        let address = &leaks.suspects[number("shop.Cart").unwrap()].kept.oldest[0].address;
        for (text, expected) in [
            ("[V] carts: [<__main__.Cart object at 0x1>]", "shop.Cart"),
            ("<shop.Cart object at 0x1>", "shop.Cart"),
            (
                "[V] carts: [<__ma....main__.Cart object at 0x1>]",
                "shop.Cart",
            ),
            ("<other.Cart object at 0x1>", ""),
            ("[V] items: [<__main__.CartItem object at 0x1>]", ""),
            ("[V] basket: <class '__main__.Cart'>", ""),
            ("[V] text: 'a Cart of goods'", ""),
            ("[V] Cart: 3", ""),
            ("'Cart'", ""),
            ("<Cart of customer-1>", "shop.Cart"),
            ("[V] by_number: {1: Order(1), 2: Order(2)}", "shop.Order"),
            ("[Order(1)....Order(9)]", "shop.Order"),
            ("Reorder(1)", ""),
            (
                "<bound method Subscription.notify of <f....>",
                "shop.Subscription",
            ),
            ("Subscription.notify", ""),
            (&format!("[V] it: at {address}>"), "shop.Cart"),
            (&format!("[V] it: at {address}0>"), ""),
            ("", ""),
            ("....", ""),
        ] {
            let mut found = None;
            spellings.mentioned(Text::new(text), |suspect, _| found = Some(suspect));
            assert_eq!(found, number(expected), "{text}");
        }
    }
}
