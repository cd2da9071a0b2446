//! Labels: what the path of a dump says of it, by a template such as
//! `{host}/{worker}-{date:%Y-%m-%d}.dump`.

use std::path::Path;

use jiff::civil::Time;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use regex_lite::Regex;
use serde::Serialize;

use crate::error::Error;

/// A name of a template, and what a path has in its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Label {
    /// The name in the template.
    pub name: String,
    /// What the path has in its place.
    pub value: String,
    /// Whether it is a date or a time.
    #[serde(skip)]
    pub is_time: bool,
}

/// Which parts of a path are labels.
///
/// `{name}` stands for a part of the path without a slash, as long as can be; `{name:%Y-%m-%d}` for a
/// date or time as `strftime` writes it, in UTC unless it has an offset; `*` for anything but a
/// slash. The template is compared with the end of the path, from a slash on.
#[derive(Clone, Debug)]
pub struct LabelTemplate {
    text: String,
    pattern: Regex,
    /// The names in the order of the pattern, each with the format of its time.
    names: Vec<(String, Option<String>)>,
}

/// What a path says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Labels {
    /// The labels in the order of the template.
    pub(super) labels: Vec<Label>,
    /// The moment in seconds since 1970; `None` if no label is a time.
    pub(super) seconds: Option<i64>,
}

impl LabelTemplate {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if a brace is not closed, a name is empty or there twice, a format is none,
    /// or there is no label at all.
    pub fn of(text: &str) -> Result<LabelTemplate, Error> {
        let invalid = |what: &str| Error::Invalid(format!("{what}, in the labels {text:?}"));
        let mut pattern = String::from("(?:^|/)");
        let mut names: Vec<(String, Option<String>)> = Vec::new();
        let mut rest = text;
        while let Some(place) = rest.find(['{', '}', '*']) {
            pattern += &regex_lite::escape(&rest[..place]);
            let (mark, behind) = rest[place..].split_at(1);
            rest = behind;
            if mark == "*" {
                pattern += "[^/]*";
                continue;
            }
            let (label, behind) = rest
                .split_once('}')
                .filter(|(label, _)| mark == "{" && !label.contains('{'))
                .ok_or_else(|| invalid("a label is {name} or {name:%Y-%m-%d}"))?;
            rest = behind;
            let (name, format) = match label.split_once(':') {
                Some((name, format)) => (name, Some(format)),
                None => (label, None),
            };
            let is_letter = |c: char| c.is_alphanumeric() || c == '_';
            if name.is_empty() || !name.chars().all(is_letter) {
                return Err(invalid("a label has a name of letters and digits"));
            }
            if names.iter().any(|(other, _)| other == name) {
                return Err(invalid(&format!("the label {name} is there twice")));
            }
            let part = format.map_or(Some("[^/]+".into()), time_pattern);
            let part = part.ok_or_else(|| {
                invalid("a time is written with %Y %m %d %H %M %S, %F, %T, %j, %b, %y, %s or %z")
            })?;
            pattern += &format!("({part})");
            names.push((name.into(), format.map(str::to_owned)));
        }
        pattern += &regex_lite::escape(rest);
        pattern += "$";
        if names.is_empty() {
            return Err(invalid("there is no {name}"));
        }
        let pattern = Regex::new(&pattern).map_err(|_| invalid("they cannot be used"))?;
        Ok(LabelTemplate {
            text: text.into(),
            pattern,
            names,
        })
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of its labels, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|(name, _)| name.as_str())
    }

    /// Whether a label of it is a time.
    pub fn has_time(&self) -> bool {
        self.names.iter().any(|(_, format)| format.is_some())
    }

    /// The labels of a path; `None` if it does not fit, or what stands for a time is none.
    pub(super) fn labels(&self, path: &Path) -> Option<Labels> {
        let path = path.to_string_lossy();
        // Where paths have other slashes than templates.
        let path = if cfg!(windows) {
            path.replace('\\', "/").into()
        } else {
            path
        };
        let found = self.pattern.captures(&path)?;
        let values = found.iter().skip(1).flatten().map(|found| found.as_str());
        let mut labels = Labels::default();
        let (mut format, mut time) = (String::new(), String::new());
        for ((name, part), value) in self.names.iter().zip(values) {
            if let Some(part) = part {
                format = format + part + " ";
                time = time + value + " ";
            }
            labels.labels.push(Label {
                name: name.clone(),
                value: value.into(),
                is_time: part.is_some(),
            });
        }
        if !format.is_empty() {
            labels.seconds = Some(seconds(&format, &time)?);
        }
        Some(labels)
    }
}

/// Seconds since 1970, in UTC unless there is an offset; of a date its midnight.
fn seconds(format: &str, time: &str) -> Option<i64> {
    let parts = BrokenDownTime::parse(format, time).ok()?;
    if let Ok(timestamp) = parts.to_timestamp() {
        return Some(timestamp.as_second());
    }
    let time = parts.to_time().unwrap_or(Time::midnight());
    let moment = parts.to_date().ok()?.to_datetime(time);
    let moment = moment.to_zoned(TimeZone::UTC).ok()?;
    Some(moment.timestamp().as_second())
}

/// What a time of this format looks like; `None` if the format has something else than is known.
fn time_pattern(format: &str) -> Option<String> {
    let mut pattern = String::new();
    let mut parts = 0;
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            pattern += &regex_lite::escape(letter.encode_utf8(&mut [0; 4]));
            continue;
        }
        parts += 1;
        pattern += match letters.next()? {
            'Y' => "[0-9]{4}",
            'm' | 'd' | 'H' | 'M' | 'S' | 'y' => "[0-9]{2}",
            'j' => "[0-9]{3}",
            'b' => "[A-Za-z]{3}",
            'F' => "[0-9]{4}-[0-9]{2}-[0-9]{2}",
            'T' => "[0-9]{2}:[0-9]{2}:[0-9]{2}",
            's' => "[0-9]{1,12}",
            'z' => "[+-][0-9]{2}:?[0-9]{2}",
            _ => return None,
        };
    }
    (parts > 0).then_some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moments were computed with Python's datetime.
    #[test]
    fn labels_of_paths() {
        type Case = (
            &'static str,
            &'static str,
            Option<&'static str>,
            Option<i64>,
        );
        let cases: &[Case] = &[
            (
                "{host}/{worker}.dump",
                "/x/web1/3.dump",
                Some("web1 3"),
                None,
            ),
            ("{host}/{worker}.dump", "web1/3.dump", Some("web1 3"), None),
            ("{host}/{worker}.dump", "3.dump", None, None),
            // As long as can be.
            (
                "{host}-{worker}.dump",
                "web-1-3.dump",
                Some("web-1 3"),
                None,
            ),
            ("{host}-*.dump", "web-1-3.dump", Some("web-1"), None),
            (
                "{host}/{worker}-{date:%Y-%m-%d}.dump",
                "d/web-1/w-3-2026-11-20.dump",
                Some("web-1 w-3 2026-11-20"),
                Some(1_795_132_800),
            ),
            (
                "{day:%F}/{host}.{time:%H%M}.dat.gz",
                "2026-11-20/web.1330.dat.gz",
                Some("2026-11-20 web 1330"),
                Some(1_795_181_400),
            ),
            (
                "{at:%Y%m%dT%H%M%S%z}",
                "20261120T133000+0200",
                Some("20261120T133000+0200"),
                Some(1_795_174_200),
            ),
            (
                "{pid}.{at:%s}",
                "12.1795174200",
                Some("12 1795174200"),
                Some(1_795_174_200),
            ),
            // No such day.
            ("{at:%F}.dump", "2026-02-30.dump", None, None),
            // Signs that patterns know are signs of their own.
            ("a+{x}.(d)", "a+b.(d)", Some("b"), None),
            ("a+{x}.(d)", "aab.(d)", None, None),
        ];
        for (template, path, expected, moment) in cases {
            let template = LabelTemplate::of(template).unwrap();
            let labels = template.labels(Path::new(path));
            let values = labels.as_ref().map(|labels| {
                let values: Vec<&str> = labels.labels.iter().map(|l| l.value.as_str()).collect();
                values.join(" ")
            });
            assert_eq!(values.as_deref(), *expected, "{path}");
            assert_eq!(labels.and_then(|labels| labels.seconds), *moment, "{path}");
        }
    }

    #[test]
    fn templates_that_are_none() {
        let cases = [
            ("x.dump", "there is no {name}, in the labels \"x.dump\""),
            (
                "{a",
                "a label is {name} or {name:%Y-%m-%d}, in the labels \"{a\"",
            ),
            (
                "a}",
                "a label is {name} or {name:%Y-%m-%d}, in the labels \"a}\"",
            ),
            (
                "{}",
                "a label has a name of letters and digits, in the labels \"{}\"",
            ),
            (
                "{a}{a}",
                "the label a is there twice, in the labels \"{a}{a}\"",
            ),
            (
                "{a:%Q}",
                "a time is written with %Y %m %d %H %M %S, %F, %T, %j, %b, %y, %s or %z, in the \
                 labels \"{a:%Q}\"",
            ),
        ];
        for (template, expected) in cases {
            let error = LabelTemplate::of(template).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
