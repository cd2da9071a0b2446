//! Leaks that are known and accepted. They are set aside among the suspects, and told with the
//! reason why they are accepted; nothing is left out silently. This has no clock: whether an
//! entry still holds is for whoever knows the date.

use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::date::Date;
use super::suspect::{self, CreatedBy};
use super::{ClassVerdict, LeaksOptions};
use crate::config::{self, Meant};
use crate::error::Error;
use crate::model::{Contents, Survivors, Text};
use crate::select::{ClassPattern, means, similar_classes};
use crate::source::Source;

/// What a file of them is meant to be.
const MEANT: Meant = Meant {
    name: "known leaks",
    shown_by: "ctstats leaks --help",
};

/// A leak that is known and accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownLeak {
    /// Of which classes: the whole registered name of one, or else as
    /// [`means`](crate::select::means) reads it.
    pub class: String,
    /// The line that creates what leaks: a part of `file:line in function`, or a pattern of it; `None`
    /// for whatever line.
    pub site: Option<String>,
    /// Why it is accepted; `None` of one that was named on the command line.
    pub why: Option<String>,
    /// The last day on which it is; `None` for ever.
    pub until: Option<Date>,
}

impl KnownLeak {
    /// A class that is to be ignored, whatever its lines, for no reason that is told.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if it names no class.
    pub fn ignored(class: &str) -> Result<KnownLeak, Error> {
        if class.is_empty() {
            return Err(Error::Invalid("it names no class (* is any)".into()));
        }
        Ok(KnownLeak {
            class: class.to_owned(),
            site: None,
            why: None,
            until: None,
        })
    }

    /// Whether it is accepted no more on this day.
    pub fn is_expired(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }

    /// Takes those out that are accepted no more on this day.
    pub fn take_expired(known: &mut Vec<KnownLeak>, today: Date) -> Vec<KnownLeak> {
        let (expired, accepted) = std::mem::take(known)
            .into_iter()
            .partition(|leak| leak.is_expired(today));
        *known = accepted;
        expired
    }

    /// Whether it names a line, or the line of the program's own code that asked for it.
    fn names(&self, line: &CreatedBy) -> bool {
        let site = self.site.as_deref().unwrap_or("*");
        let mut places = [&line.innermost, &line.own].into_iter().flatten();
        places.any(|place| is_of(site, place))
    }
}

/// Whether a text is a part of a place, and no word or number is cut by it: `cart.py:6` is not of
/// `cart.py:61`. With `*` it may also be a pattern of the whole.
fn is_of(site: &str, place: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let joins = |a: Option<char>, b: Option<char>| a.is_some_and(is_word) && b.is_some_and(is_word);
    let is_whole = |(at, part): (usize, &str)| {
        let (before, behind) = (&place[..at], &place[at + part.len()..]);
        !joins(before.chars().next_back(), part.chars().next())
            && !joins(part.chars().next_back(), behind.chars().next())
    };
    place.match_indices(site).any(is_whole) || site.contains('*') && means(site, Text::new(place))
}

/// The known leaks of a TOML file; `-` is standard input.
///
/// ```toml
/// [[leak]]
/// class = "shop.Cart"               # as for --class, or the whole name of one class
/// site = "leaky_shop.py:143"        # optional: a part of "file:line in function"
/// why = "carts are kept on purpose until the nightly job"
/// until = 2027-01-31                # optional: the last day on which it is accepted
/// ```
///
/// # Errors
///
/// If it cannot be read, or is no such file.
pub fn load_known(path: impl AsRef<Path>) -> Result<Vec<KnownLeak>, Error> {
    config::load(path.as_ref(), MEANT, entries)
}

fn entries(file: File) -> Result<Vec<KnownLeak>, String> {
    let known = |entry: Entry| KnownLeak {
        class: entry.class,
        site: entry.site,
        why: Some(entry.why),
        until: entry.until,
    };
    Ok(file.leak.into_iter().map(known).collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    leak: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(deserialize_with = "class")]
    class: String,
    #[serde(default, deserialize_with = "site")]
    site: Option<String>,
    #[serde(deserialize_with = "why")]
    why: String,
    until: Option<Date>,
}

fn class<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    filled(deserializer, "class is empty; name a class (* is any)")
}

fn site<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    filled(
        deserializer,
        "site is empty; leave it out, or give a part of \"file:line in function\"",
    )
    .map(Some)
}

fn why<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    filled(deserializer, "why is empty; say why this leak is accepted")
}

fn filled<'de, D: Deserializer<'de>>(deserializer: D, empty: &str) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.trim().is_empty() {
        true => Err(D::Error::custom(empty)),
        false => Ok(text),
    }
}

/// A suspect that was set aside.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ignored<'d> {
    /// The registered name.
    pub class: Text<'d>,
    /// By what: one entry without a site, or those that name its lines.
    pub known: Vec<KnownLeak>,
    /// What would be said of it.
    pub verdict: ClassVerdict<'d>,
}

/// An entry that sets nothing aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// The entry.
    pub known: KnownLeak,
    /// Why.
    pub because: IdleReason,
}

/// Why an entry sets nothing aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdleReason {
    /// The dump has no such class.
    NoClass {
        /// The names most like it: at most three, the best first.
        similar: Vec<String>,
    },
    /// No such class is a suspect.
    NoSuspect,
    /// No survivor of its class is from this line.
    NoSuchLine,
    /// Survivors of its class are also from another line, which no entry names.
    OtherLine {
        /// The class.
        class: String,
        /// The line; `None` of objects without a trace.
        line: Option<String>,
    },
}

/// An entry, and what it was good for.
struct Entered<'k> {
    known: &'k KnownLeak,
    classes: ClassPattern,
    hides: bool,
    /// It is of a suspect, but not of a line of it.
    is_of_suspect: bool,
    other_line: Option<IdleReason>,
}

/// The suspects that are not known, those that are, and the entries that name none.
pub(super) type SetAside<'d> = (Vec<ClassVerdict<'d>>, Vec<Ignored<'d>>, Vec<Idle>);

/// Sets aside the suspects that are known. An entry with a site does so only together with others
/// that name every line which created survivors: a new line is a new leak.
pub(super) fn set_aside<'d>(
    source: &'d impl Source,
    suspects: Vec<ClassVerdict<'d>>,
    survivors: Option<Survivors>,
    options: &LeaksOptions,
) -> Result<SetAside<'d>, Error> {
    if options.known.is_empty() {
        return Ok((suspects, Vec::new(), Vec::new()));
    }
    let dump = source.digest()?.contents;
    let names: Vec<Text<'_>> = dump.classes().map(|class| class.name()).collect();
    let known = options.known.iter().map(|known| Entered {
        known,
        classes: ClassPattern::among(&known.class, &names),
        hides: false,
        is_of_suspect: false,
        other_line: None,
    });
    let mut known: Vec<Entered<'_>> = known.collect();
    let by_class: Vec<Option<KnownLeak>> = suspects
        .iter()
        .map(|suspect| by_class(suspect, &mut known))
        .collect();
    let is_of_sites = |(suspect, by_class): &(&ClassVerdict<'d>, &Option<KnownLeak>)| {
        by_class.is_none() && known.iter().any(|entry| entry.classes.means(suspect.class))
    };
    let looked_at: Vec<_> = suspects
        .iter()
        .zip(&by_class)
        .filter(is_of_sites)
        .map(|(suspect, _)| (suspect.id, suspect.compared.as_ref()))
        .collect();
    let lines = match survivors.filter(|_| !looked_at.is_empty()) {
        Some(survivors) => suspect::created_by(source, &looked_at, survivors, options)?,
        None => Vec::new(),
    };
    let mut lines = looked_at.iter().map(|(id, _)| *id).zip(lines).peekable();
    let (mut others, mut ignored) = (Vec::new(), Vec::new());
    let mut told = Vec::new();
    for (suspect, by_class) in suspects.iter().zip(by_class) {
        let by = match (by_class, lines.next_if(|(id, _)| *id == suspect.id)) {
            (Some(known), _) => vec![known],
            (None, Some((_, lines))) => by_sites(suspect, &lines, &mut known),
            (None, None) => Vec::new(),
        };
        told.push(by);
    }
    let idle = idle(dump, &known, options, &names);
    for (verdict, known) in suspects.into_iter().zip(told) {
        match known.is_empty() {
            true => others.push(verdict),
            false => ignored.push(Ignored {
                class: verdict.class,
                known,
                verdict,
            }),
        }
    }
    Ok((others, ignored, idle))
}

/// The entry without a site that names a suspect best, among equals the last.
fn by_class(suspect: &ClassVerdict<'_>, known: &mut [Entered<'_>]) -> Option<KnownLeak> {
    let mut fitting: Vec<&mut Entered<'_>> = known
        .iter_mut()
        .filter(|entry| entry.classes.means(suspect.class))
        .collect();
    let best = fitting
        .iter()
        .filter(|entry| entry.known.site.is_none())
        .max_by_key(|entry| entry.classes.letters());
    let best = best.map(|entry| entry.known.clone());
    for entry in &mut fitting {
        entry.hides |= best.is_some();
        entry.is_of_suspect = true;
    }
    best
}

/// The entries whose sites are the lines of a suspect; none if a line is named by none.
fn by_sites(
    suspect: &ClassVerdict<'_>,
    lines: &[CreatedBy],
    known: &mut [Entered<'_>],
) -> Vec<KnownLeak> {
    let mut fitting: Vec<&mut Entered<'_>> = known
        .iter_mut()
        .filter(|entry| entry.classes.means(suspect.class))
        .filter(|entry| lines.iter().any(|line| entry.known.names(line)))
        .collect();
    let is_named = |line: &&CreatedBy| fitting.iter().any(|entry| entry.known.names(line));
    let other = lines.iter().find(|line| !is_named(line));
    for entry in &mut fitting {
        match other {
            None => entry.hides = true,
            Some(other) => {
                entry.other_line = Some(IdleReason::OtherLine {
                    class: suspect.class.to_str().into_owned(),
                    line: other.own.as_ref().or(other.innermost.as_ref()).cloned(),
                });
            }
        }
    }
    let of = fitting.iter().filter(|_| other.is_none());
    of.map(|entry| entry.known.clone()).collect()
}

/// The entries that set nothing aside, but for those of classes that the filter leaves out.
fn idle(
    dump: &Contents,
    known: &[Entered<'_>],
    options: &LeaksOptions,
    names: &[Text<'_>],
) -> Vec<Idle> {
    let reason = |entry: &Entered<'_>| {
        if entry.hides {
            return None;
        }
        if let Some(other) = &entry.other_line {
            return Some(other.clone());
        }
        if entry.is_of_suspect {
            return Some(IdleReason::NoSuchLine);
        }
        let mut meant = names.iter().filter(|&&name| entry.classes.means(name));
        let Some(first) = meant.next() else {
            let similar = similar_classes(dump, &entry.known.class);
            return Some(IdleReason::NoClass { similar });
        };
        let passes = |&name: &Text<'_>| options.filter.admits_class(name);
        (passes(first) || meant.any(passes)).then_some(IdleReason::NoSuspect)
    };
    let idle = known.iter().filter_map(|entry| {
        Some(Idle {
            because: reason(entry)?,
            known: entry.known.clone(),
        })
    });
    idle.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::leaks::Leaks;
    use crate::model::Dump;

    fn from_toml(text: &str) -> Result<Vec<KnownLeak>, Error> {
        config::read(text, MEANT, entries)
    }

    #[test]
    fn a_site_cuts_no_word() {
        let place = "/srv/shop/cart.py:61 in add_item";
        for (site, expected) in [
            ("cart.py:61", true),
            ("cart.py:6", false),
            ("cart.py", true),
            ("art.py", false),
            ("in add_item", true),
            ("in add", false),
            ("/cart.py:", true),
            ("61", true),
            ("*/cart.py:6* in add_item", true),
            ("*cart.py:6", false),
            ("item", false),
            (place, true),
        ] {
            assert_eq!(is_of(site, place), expected, "{site}");
        }
        // The second of two is a whole one.
        assert!(is_of("a", "aa a"));
    }

    #[test]
    fn a_file_says_class_site_why_and_until() {
        let text = "[[leak]]\nclass = 'shop.Cart'\nwhy = 'on purpose'\n\
                    [[leak]]\nclass = '*'\nsite = 'a.py:3'\nwhy = 'b'\nuntil = 2027-01-31\n\
                    [[leak]]\nclass = 'c'\nwhy = 'd'\nuntil = '2027-01-31'\n";
        let known = from_toml(text).unwrap();
        let told: Vec<_> = known
            .iter()
            .map(|k| (&*k.class, k.site.as_deref(), k.why.as_deref()))
            .collect();
        let expected = [
            ("shop.Cart", None, Some("on purpose")),
            ("*", Some("a.py:3"), Some("b")),
            ("c", None, Some("d")),
        ];
        assert_eq!(told, expected);
        assert_eq!(known[1].until, known[2].until);
        let [last, next] = ["2027-01-31", "2027-02-01"].map(|day| day.parse().unwrap());
        assert!(!known[0].is_expired(next) && !known[1].is_expired(last));
        assert!(known[1].is_expired(next));
        for (text, part) in [
            ("[[leak]]\nclass = 'a'", "line 1: missing field `why`"),
            ("[[leak]]\nwhy = 'a'", "line 1: missing field `class`"),
            (
                "[[leak]]\nclass = 'a'\nwhy = 'b'\nsight = 'c'",
                "line 4: unknown field `sight`, expected one of `class`, `site`, `why`, `until`",
            ),
            ("[[leaks]]\nclass = 'a'", "line 1: unknown field `leaks`"),
            ("[[leak]]\nclass = 'a'\nwhy = ' '", "line 3: why is empty"),
            ("[[leak]]\nclass = ''\nwhy = 'b'", "line 2: class is empty"),
            (
                "[[leak]]\nclass = 'a'\nwhy = 'b'\nsite = ''",
                "line 4: site is empty",
            ),
            (
                "[[leak]]\nclass = 'a'\nwhy = 'b'\nuntil = 'soon'",
                "line 4: 'soon' is no date; give a day as YYYY-MM-DD",
            ),
            (
                "[[leak]]\nclass = 'a'\nwhy = 'b'\nuntil = 2027-01-31T10:00:00",
                "line 4: '2027-01-31T10:00:00' is no date",
            ),
            (
                "[[leak]]\nclass = 'a'\nwhy = 'b'\nuntil = 3",
                "line 4: a date is a day",
            ),
            ("[[leak]]\nclass = 'a'\nuntil = 2027-02-30", "line 3: "),
            ("class = 'a'\nwhy = 'b'", "line 1: unknown field `class`"),
            ("no TOML", "line 1: "),
        ] {
            let error = from_toml(text).unwrap_err().to_string();
            let error = error.strip_prefix("input: cannot be used as known leaks: ");
            let error = error.expect("it says what for");
            assert!(error.starts_with(part) && !error.contains('\n'), "{error}");
        }
        assert_eq!(from_toml("").unwrap(), []);
    }

    /// Which suspects of a dump are ignored, and why entries hide nothing.
    fn ignored(dump: &Dump, known: &[(&str, Option<&str>)]) -> (String, Vec<IdleReason>) {
        let entries = known.iter().map(|&(class, site)| KnownLeak {
            site: site.map(String::from),
            ..KnownLeak::ignored(class).unwrap()
        });
        let all = Leaks::of(dump, &LeaksOptions::default()).unwrap();
        let options = LeaksOptions {
            known: entries.collect(),
            ..LeaksOptions::default()
        };
        let leaks = Leaks::of(dump, &options).unwrap();
        let suspects = leaks.suspects.iter().map(|suspect| &suspect.class);
        let ignored = leaks.ignored.iter().map(|ignored| &ignored.verdict);
        let mut together: Vec<_> = suspects.chain(ignored).map(|class| class.class).collect();
        together.sort_unstable();
        let mut expected: Vec<_> = all.suspects.iter().map(|s| s.class.class).collect();
        expected.sort_unstable();
        assert_eq!(together, expected, "{known:?}");
        let ignored = leaks
            .ignored
            .iter()
            .map(|ignored| ignored.class.to_string());
        let idle = leaks.idle.into_iter().map(|idle| idle.because);
        (ignored.collect::<Vec<_>>().join(" "), idle.collect())
    }

    #[test]
    fn entries_hide_suspects_or_say_why_not() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/leaky_shop.dump");
        let dump = Dump::load(path).unwrap();
        let similar = IdleReason::NoClass {
            similar: vec!["shop.Cart".into()],
        };
        let both = "shop.Cart shop.Subscription";
        let (no_line, no_suspect) = (IdleReason::NoSuchLine, IdleReason::NoSuspect);
        for (known, hidden, idle) in [
            (&[("shop.Cart", None)][..], "shop.Cart", vec![]),
            (&[("Cart", Some("in browse"))], "shop.Cart", vec![]),
            (&[("*", None)], both, vec![]),
            (&[("Cart", Some("in brows"))], "", vec![no_line]),
            (&[("shop.Crat", None)], "", vec![similar]),
            (&[("Product", None)], "", vec![no_suspect]),
            // Of both suspects, each by its own line.
            (
                &[("*", Some("in browse")), ("shop.*", Some("in watch_price"))],
                both,
                vec![],
            ),
        ] {
            assert_eq!(
                ignored(&dump, known),
                (hidden.to_owned(), idle),
                "{known:?}"
            );
        }
    }

    /// A suspect whose lines are known comes back when another line creates survivors.
    #[test]
    fn every_line_of_a_suspect_must_be_known() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/registry.dump.gz");
        let dump = Dump::load(path).unwrap();
        let browse = ("shop.Cart", Some("registry.py:144 in browse"));
        let restore = ("Cart", Some("in restore"));
        let (hidden, idle) = ignored(&dump, &[browse]);
        assert_eq!(hidden, "");
        let [IdleReason::OtherLine { class, line }] = &idle[..] else {
            panic!("{idle:?}");
        };
        assert_eq!(class, "shop.Cart");
        let line = line.as_ref().expect("it was traced");
        assert!(line.ends_with("registry.py:150 in restore"), "{line}");
        assert_eq!(
            ignored(&dump, &[browse, restore]),
            ("shop.Cart".into(), vec![])
        );
        // Its objects have no trace, so that no line can be known.
        let pages = ("shop.Catalog", Some("*"));
        let (hidden, idle) = ignored(&dump, &[pages]);
        assert_eq!((&*hidden, &idle[..]), ("", &[IdleReason::NoSuchLine][..]));
    }
}
