//! CLASS, as users type it for every command: a part of a registered class name or, with `*`, a
//! pattern of the whole name.

use crate::model::Text;

/// Whether CLASS means a class of this registered name. `Cart` means every name that contains it;
/// in `*.Cart` each `*` stands for any text, and the pattern is for the whole name. Upper and
/// lower case differ. A name that really holds a `*` is still found by its parts.
pub fn means(class: &str, name: Text<'_>) -> bool {
    name.contains(class) || class.contains('*') && matches(class.as_bytes(), name.as_bytes())
}

/// CLASS, held against the classes of one dump.
///
/// Where it is the whole name of one of them it means that class alone: what was written for
/// `shop.Cart` must not begin to mean `shop.CartItem` when somebody adds it.
#[derive(Clone, Debug)]
pub(crate) struct ClassPattern {
    text: String,
    is_name: bool,
}

impl ClassPattern {
    /// For a dump with classes of these names.
    pub(crate) fn among(text: &str, names: &[Text<'_>]) -> Self {
        ClassPattern {
            text: text.to_owned(),
            is_name: names.contains(&Text::new(text)),
        }
    }

    /// Whether it means the class of this name.
    pub(crate) fn means(&self, name: Text<'_>) -> bool {
        if self.is_name {
            name == Text::new(&self.text)
        } else {
            means(&self.text, name)
        }
    }

    /// Whether it means one of these classes.
    pub(crate) fn means_one_of(&self, names: &[Text<'_>]) -> bool {
        names.iter().any(|&name| self.means(name))
    }

    /// How much of a name it spells out: of several the one that spells out most fits best.
    pub(crate) fn letters(&self) -> usize {
        self.text.bytes().filter(|&byte| byte != b'*').count()
    }
}

/// Whether a pattern, in which `*` stands for any text, is all of a name. Goes back to the
/// last `*` only, so that no pattern takes more than the product of both lengths.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, n));
            p += 1;
        } else if pattern.get(p) == Some(&name[n]) {
            p += 1;
            n += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            n = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_or_a_pattern_of_the_whole_name() {
        let cases = [
            ("Cart", "shop.Cart", true),
            ("Cart", "shop.CartItem", true),
            ("cart", "shop.Cart", false),
            ("shop.Cart", "shop.Cart", true),
            ("", "shop.Cart", true),
            ("*", "shop.Cart", true),
            ("*", "", true),
            ("*.Cart", "shop.Cart", true),
            ("*.Cart", "shop.CartItem", false),
            ("Cart*", "shop.Cart", false),
            ("*Cart*", "shop.CartItem", true),
            ("shop.*t", "shop.Cart.dict", true),
            ("a**b", "ab", true),
            ("Cart*", "odd.Cart*", true),
        ];
        for (class, name, expected) in cases {
            assert_eq!(means(class, Text::new(name)), expected, "{class} {name}");
        }
    }

    #[test]
    fn a_whole_name_is_that_class_alone() {
        let names = ["shop.Cart", "shop.CartItem"].map(Text::new);
        for (text, expected) in [
            ("shop.Cart", [true, false]),
            ("Cart", [true, true]),
            ("*.Cart", [true, false]),
            ("Cart*", [false, false]),
            ("cart", [false, false]),
        ] {
            let pattern = ClassPattern::among(text, &names);
            assert_eq!(names.map(|name| pattern.means(name)), expected, "{text}");
            assert_eq!(pattern.means_one_of(&names), expected.contains(&true));
        }
    }

    /// Each `*` may be gone back to, but only to the last one: no pattern explodes.
    #[test]
    fn many_stars_take_no_time() {
        let name = "a".repeat(10_000);
        let pattern = format!("{}b", "a*".repeat(1000));
        assert!(!means(&pattern, Text::new(&name)));
    }
}
