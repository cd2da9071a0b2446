//! Thresholds: what is limited, of which classes, to how much. As they are typed
//! (`shop.Cart=10MiB`) and as they stand in a TOML file.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::analysis::leaks::Confidence;
use crate::config::{self, Meant};
use crate::error::Error;
use crate::model::Text;
use crate::named::named;
use crate::select::ClassPattern;
use crate::units::parse_bytes;

/// What a file of them is meant to be.
const MEANT: Meant = Meant {
    name: "limits",
    shown_by: "ctstats check --help",
};

named! {
    /// What a threshold is of.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Quantity {
        /// Instances alive at the end of the recording.
        MaxAlive = "--max-alive",
        /// Bytes of a class at the snapshot that is checked.
        MaxBytes = "--max-bytes",
        /// How much more bytes those are than before.
        MaxGrowth = "--max-growth",
        /// How sure it is that a class leaks.
        NoLeaks = "--no-leaks",
    }
}

/// How much is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Most {
    /// So many instances.
    Objects(u64),
    /// So many bytes.
    Bytes(i128),
    /// So much more than before, in percent.
    Percent(f64),
    /// Less sure than this that a class leaks.
    Below(Confidence),
}

/// A limit for some classes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// What is limited.
    pub quantity: Quantity,
    /// Of which classes: the whole registered name of one, or else as
    /// [`means`](crate::select::means) reads it.
    pub pattern: String,
    /// To how much.
    pub most: Most,
}

impl Threshold {
    /// What `CLASS=VALUE` says of a quantity. The value follows the last `=`, so that a class
    /// name may hold others.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`], which says what is wrong, and what would be right.
    pub fn parse(quantity: Quantity, text: &str) -> Result<Threshold, Error> {
        let threshold = match text.rsplit_once('=') {
            Some((pattern, value)) => Threshold::of(quantity, pattern, value),
            None => Err(wrong(quantity, text, "has no limit")),
        };
        threshold.map_err(Error::Invalid)
    }

    fn of(quantity: Quantity, pattern: &str, value: &str) -> Result<Threshold, String> {
        let wrong = |what: &str| wrong(quantity, &format!("{pattern}={value}"), what);
        if pattern.is_empty() {
            return Err(wrong("names no class (* is any)"));
        }
        let most = Most::parse(quantity, value.trim())
            .ok_or_else(|| wrong(&format!("has '{value}' for its limit")))?;
        Ok(Threshold {
            quantity,
            pattern: pattern.to_owned(),
            most,
        })
    }
}

/// What is wrong with the text of a threshold, and what would be right.
fn wrong(quantity: Quantity, text: &str, what: &str) -> String {
    let example = match quantity {
        Quantity::MaxAlive => "shop.Cart=100",
        Quantity::MaxBytes => "shop.Cart=10MiB",
        Quantity::MaxGrowth => "shop.Cart=5% or shop.Cart=1MiB",
        Quantity::NoLeaks => "*=likely",
    };
    format!("'{text}' {what}; give CLASS=LIMIT, as in {example}")
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.quantity.name())?;
        match self.quantity {
            Quantity::NoLeaks => Ok(()),
            _ => write!(f, " {}", self.pattern),
        }
    }
}

impl Most {
    fn parse(quantity: Quantity, value: &str) -> Option<Most> {
        let bytes = || Some(Most::Bytes(parse_bytes(value)?.into()));
        match quantity {
            Quantity::MaxAlive => value.parse().ok().map(Most::Objects),
            Quantity::MaxBytes => bytes(),
            Quantity::MaxGrowth => match value.strip_suffix('%') {
                Some(percent) => {
                    let percent: f64 = percent.trim().parse().ok()?;
                    (percent >= 0.0 && percent.is_finite()).then_some(Most::Percent(percent))
                }
                None => bytes(),
            },
            Quantity::NoLeaks => Confidence::named(value).map(Most::Below),
        }
    }
}

/// A threshold and which classes of a dump it is for.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) threshold: Threshold,
    pub(super) classes: ClassPattern,
}

impl Rule {
    /// The rules for a dump with classes of these names.
    pub(super) fn all(thresholds: &[Threshold], names: &[Text<'_>]) -> Vec<Rule> {
        let rule = |threshold: &Threshold| Rule {
            threshold: threshold.clone(),
            classes: ClassPattern::among(&threshold.pattern, names),
        };
        thresholds.iter().map(rule).collect()
    }
}

/// The threshold that a class follows for a quantity: the one that spells out most of its
/// name, among equals the one given last.
pub(super) fn followed<'t>(
    rules: &'t [Rule],
    quantity: Quantity,
    class: Text<'_>,
) -> Option<&'t Threshold> {
    let rules = rules.iter();
    let rules = rules.filter(|rule| rule.threshold.quantity == quantity);
    let best = rules
        .filter(|rule| rule.classes.means(class))
        .max_by_key(|rule| rule.classes.letters());
    best.map(|rule| &rule.threshold)
}

/// The thresholds of a TOML file.
///
/// ```toml
/// no_leaks = true              # or "possible": suspects that may leak are breaches too
///
/// [max_alive]
/// "shop.Cart" = 100
///
/// [max_bytes]
/// "*" = "10MiB"
///
/// [max_growth]
/// "shop.*" = "5%"
/// ```
///
/// # Errors
///
/// [`Error::Config`], which says what is wrong and, where that is known, in which line.
pub fn from_toml(text: &str) -> Result<Vec<Threshold>, Error> {
    config::read(text, MEANT, thresholds_of)
}

fn thresholds_of(file: File) -> Result<Vec<Threshold>, String> {
    let tables = [
        (Quantity::MaxAlive, file.max_alive),
        (Quantity::MaxBytes, file.max_bytes),
        (Quantity::MaxGrowth, file.max_growth),
    ];
    let mut thresholds = Vec::new();
    for (quantity, table) in tables {
        for (pattern, value) in table {
            let value = match value {
                Value::Text(text) => text,
                Value::Number(number) => number.to_string(),
            };
            thresholds.push(Threshold::of(quantity, &pattern, &value)?);
        }
    }
    match file.no_leaks {
        None | Some(Leaks::Switch(false)) => {}
        Some(Leaks::Switch(true)) => thresholds.push(no_leaks(Confidence::Likely)),
        Some(Leaks::From(name)) => {
            thresholds.push(no_leaks(Confidence::named(&name).ok_or_else(|| {
                format!("no_leaks is true, \"likely\" or \"possible\", not '{name}'")
            })?))
        }
    }
    Ok(thresholds)
}

/// The thresholds of a TOML file; `-` is standard input.
///
/// # Errors
///
/// If it cannot be read, or is no such file.
pub fn load(path: impl AsRef<Path>) -> Result<Vec<Threshold>, Error> {
    config::load(path.as_ref(), MEANT, thresholds_of)
}

/// The threshold that no class may look like a leak, at least so surely.
pub fn no_leaks(from: Confidence) -> Threshold {
    Threshold {
        quantity: Quantity::NoLeaks,
        pattern: "*".into(),
        most: Most::Below(from),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    no_leaks: Option<Leaks>,
    #[serde(default)]
    max_alive: Table,
    #[serde(default)]
    max_bytes: Table,
    #[serde(default)]
    max_growth: Table,
}

type Table = std::collections::BTreeMap<String, Value>;

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a limit is a whole number, or a text like \"10MiB\" or \"5%\""
)]
enum Value {
    Number(u64),
    Text(String),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "no_leaks is true, \"likely\" or \"possible\"")]
enum Leaks {
    Switch(bool),
    From(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_their_quantity() {
        use Quantity::{MaxAlive, MaxBytes, MaxGrowth};
        let cases = [
            (MaxAlive, "a=0", Some(("a", Most::Objects(0)))),
            (MaxAlive, "a=b=7", Some(("a=b", Most::Objects(7)))),
            (MaxAlive, "*=1.5", None),
            (MaxAlive, "a=-1", None),
            (MaxBytes, "a=10MiB", Some(("a", Most::Bytes(10 << 20)))),
            (MaxBytes, "a=4096", Some(("a", Most::Bytes(4096)))),
            (MaxBytes, "a=5%", None),
            (MaxGrowth, "a=5%", Some(("a", Most::Percent(5.0)))),
            (MaxGrowth, "a=0 %", Some(("a", Most::Percent(0.0)))),
            (MaxGrowth, "a=1KiB", Some(("a", Most::Bytes(1024)))),
            (MaxGrowth, "a=-5%", None),
            (MaxGrowth, "a=NaN%", None),
            (MaxGrowth, "a=", None),
            (MaxGrowth, "=5%", None),
            (MaxGrowth, "a", None),
        ];
        for (quantity, text, expected) in cases {
            let parsed = Threshold::parse(quantity, text);
            let parsed = parsed.as_ref().ok().map(|t| (&*t.pattern, t.most));
            assert_eq!(parsed, expected, "{text}");
        }
    }

    #[test]
    fn the_best_name_counts_then_the_last() {
        let parse = |text| Threshold::parse(Quantity::MaxAlive, text).unwrap();
        let all: Vec<Threshold> = ["shop.Cart=1", "*=2", "shop.*=3", "shop.*=4"]
            .map(parse)
            .into();
        let names = ["shop.Cart", "shop.CartItem", "shop.Order", "web.Page"].map(Text::new);
        let rules = Rule::all(&all, &names);
        let cases = [
            ("shop.Cart", Some(Most::Objects(1))),
            ("shop.CartItem", Some(Most::Objects(4))),
            ("shop.Order", Some(Most::Objects(4))),
            ("web.Page", Some(Most::Objects(2))),
        ];
        for (class, expected) in cases {
            let found = followed(&rules, Quantity::MaxAlive, Text::new(class));
            assert_eq!(found.map(|threshold| threshold.most), expected, "{class}");
        }
        let bytes = followed(&rules, Quantity::MaxBytes, Text::new("a"));
        assert_eq!(bytes, None);
    }

    #[test]
    fn a_file_says_what_flags_say() {
        let text = "no_leaks = \"possible\"\n[max_alive]\n\"shop.Cart\" = 100\n\
                    [max_bytes]\n\"*\" = \"10MiB\"\n[max_growth]\n\"shop.*\" = \"5%\"\n";
        let expected = [
            Threshold::parse(Quantity::MaxAlive, "shop.Cart=100"),
            Threshold::parse(Quantity::MaxBytes, "*=10MiB"),
            Threshold::parse(Quantity::MaxGrowth, "shop.*=5%"),
            Ok(no_leaks(Confidence::Possible)),
        ];
        assert_eq!(from_toml(text).unwrap(), expected.map(Result::unwrap));
        assert_eq!(from_toml("no_leaks = true").unwrap().len(), 1);
        for (text, part) in [
            ("max_alive = 3", "line 1"),
            ("[max_alive]\na = \"b=1\"", "has 'b=1' for its limit"),
            ("\n[max_alife]\na = 1", "max_alife"),
            ("[max_alive]\na = \"many\"", "many"),
            ("no_leaks = \"never\"", "never"),
            ("[max_bytes]\na = -1", "line 2: a limit is a whole number"),
            ("no_leaks = 3", "line 1: no_leaks is true"),
        ] {
            let error = from_toml(text).unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains('\n'), "{error}");
        }
    }
}
