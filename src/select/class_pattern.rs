//! CLASS, as users type it for every command: a part of a registered class name or, with `*`, a
//! pattern of the whole name.

use crate::model::Text;

/// Whether CLASS means a class of this registered name. `Cart` means every name that contains it;
/// in `*.Cart` each `*` stands for any text, and the pattern is for the whole name. Upper and
/// lower case differ. A name that really holds a `*` is still found by its parts.
pub fn means(class: &str, name: Text<'_>) -> bool {
    name.contains(class) || class.contains('*') && matches(class.as_bytes(), name.as_bytes())
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

    /// Each `*` may be gone back to, but only to the last one: no pattern explodes.
    #[test]
    fn many_stars_take_no_time() {
        let name = "a".repeat(10_000);
        let pattern = format!("{}b", "a*".repeat(1000));
        assert!(!means(&pattern, Text::new(&name)));
    }
}
