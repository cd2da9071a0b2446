//! "Did you mean": the names that are most like one that was typed and is not there.

use crate::units::escaped;

/// More names than these are no help.
const MOST: usize = 3;

/// Of longer names only so many characters are compared, so that no name takes long.
const MOST_COMPARED: usize = 100;

/// The names that are most like a typed one: at most three, the best first. A name that differs
/// only in upper and lower case is best, then one whose last part (`Cart` of `shop.Cart`) does,
/// then names that contain what was typed, then names or last parts with a few other letters.
pub fn similar<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let typed = comparable(typed);
    if typed.is_empty() {
        return Vec::new();
    }
    let mut ranked: Vec<(usize, &str)> = names
        .into_iter()
        .filter_map(|name| Some((rank(&typed, name)?, name)))
        .collect();
    ranked.sort();
    ranked.dedup();
    ranked.truncate(MOST);
    ranked.into_iter().map(|(_, name)| name).collect()
}

/// `; did you mean 'shop.Cart'?`, or nothing if nothing is similar. For the end of a sentence.
pub fn did_you_mean(similar: &[String]) -> String {
    let clipped = |name: &String| name.chars().take(200).collect::<String>();
    let quoted: Vec<String> = similar
        .iter()
        .map(|name| format!("'{}'", escaped(&clipped(name))))
        .collect();
    match &quoted[..] {
        [] => String::new(),
        [one] => format!("; did you mean {one}?"),
        [all @ .., last] => format!("; did you mean {} or {last}?", all.join(", ")),
    }
}

fn comparable(name: &str) -> String {
    name.chars()
        .take(MOST_COMPARED)
        .flat_map(char::to_lowercase)
        .collect()
}

/// How unlike a name is, 0 the least; `None` if nobody can have meant it.
fn rank(typed: &str, name: &str) -> Option<usize> {
    let name = comparable(name);
    let last = name.rsplit('.').next().unwrap_or_default();
    if name == typed {
        return Some(0);
    }
    if last == typed {
        return Some(1);
    }
    if name.contains(typed) {
        return Some(2);
    }
    // One letter of three may be another: `Crat` is Cart, `sze` is size, `top` is not limit.
    let letters = typed.chars().count();
    let distance = [&*name, last]
        .into_iter()
        .filter(|name| name.chars().count().abs_diff(letters) <= letters / 3)
        .map(|name| strsim::osa_distance(typed, name))
        .min()?;
    (distance <= letters / 3).then_some(2 + distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_come_first() {
        let names = [
            "shop.Cart",
            "shop.CartItem",
            "shop.Card",
            "web.Request",
            "size",
            "tsize",
        ];
        let cases: &[(&str, &[&str])] = &[
            ("cart", &["shop.Cart", "shop.CartItem", "shop.Card"]),
            ("SHOP.CART", &["shop.Cart", "shop.CartItem", "shop.Card"]),
            ("Crat", &["shop.Cart"]),
            ("shop.Crat", &["shop.Cart", "shop.Card"]),
            ("Requests", &["web.Request"]),
            ("sze", &["size"]),
            ("Invoice", &[]),
            ("x", &[]),
            ("", &[]),
        ];
        for (typed, expected) in cases {
            assert_eq!(similar(typed, names), *expected, "{typed}");
        }
    }

    #[test]
    fn long_and_many_names_take_no_time() {
        let long = "a".repeat(1 << 20);
        let names = vec![&*long; 10_000];
        assert_eq!(similar(&format!("{long}b"), names), [&*long]);
    }
}
