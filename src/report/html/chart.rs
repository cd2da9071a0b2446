//! Charts over time as inline SVG: stacked areas, lines, and a mark for each snapshot.
//!
//! Our own because the page needs little and all of it exact: plain paths that style sheets
//! colour, a title for every shape, no fonts, no script, no canvas. Chart crates draw
//! pictures of charts, with colours and sizes of their own, or bring a script library.

use askama::Template;
use serde::{Serialize, Serializer};

/// Widths are thousandths of the plot's, which has that of the page; heights are pixels. So
/// texts have one size however wide the page is.
pub(super) const LEFT: f64 = 0.0;
pub(super) const RIGHT: f64 = 1000.0;
pub(super) const TOP: f64 = 12.0;

/// Where the time axis is, in a chart and in a low one.
const BASE: f64 = 266.0;
const LOW_BASE: f64 = 100.0;

/// What is below the time axis.
const BELOW: f64 = 34.0;

/// The least distance of labels at the right edge, in pixels.
const LABEL: f64 = 15.0;

/// A chart, laid out. In one page with all others the script draws it.
#[derive(Template, Serialize)]
#[template(path = "chart.html")]
pub(super) struct Chart {
    pub(super) id: String,
    pub(super) title: String,
    /// The chart in words, for those who do not see it.
    pub(super) description: String,
    /// What stands below until a mark is pointed at.
    pub(super) readout: String,
    pub(super) height: f64,
    pub(super) x_ticks: Vec<Tick>,
    pub(super) y_ticks: Vec<Tick>,
    /// Names of areas at the right edge.
    #[serde(skip)]
    pub(super) labels: Vec<EdgeLabel>,
    #[serde(skip)]
    pub(super) beginnings: Vec<Beginning>,
    pub(super) areas: Vec<Shape>,
    pub(super) lines: Vec<Shape>,
    #[serde(skip)]
    pub(super) marks: Vec<Mark>,
    /// Where the script makes the marks itself: what it shows, and the ends of the time axis.
    pub(super) script: Option<(&'static str, [f64; 2])>,
}

/// A label on an axis.
pub(super) struct Tick {
    at: f64,
    label: String,
}

impl Serialize for Tick {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.at, self.percent(), &self.label, self.squeezed()).serialize(serializer)
    }
}

/// Characters of a label that fit beside the value axis in any font.
const FITTING: usize = 10;

/// How wide a longer one is drawn.
const SQUEEZED: f64 = 72.0;

impl Tick {
    /// In percent of the plot's width.
    fn percent(&self) -> f64 {
        round(self.at / (RIGHT - LEFT) * 100.0)
    }

    /// How wide a label of the value axis is drawn if it would not fit by itself. Only hand-made
    /// dumps have so many bytes.
    fn squeezed(&self) -> Option<f64> {
        (self.label.chars().count() > FITTING).then_some(SQUEEZED)
    }
}

/// The name of an area, at the height where it ends.
pub(super) struct EdgeLabel {
    y: f64,
    color: String,
    text: String,
}

/// Where classes began to grow.
pub(super) struct Beginning {
    x: f64,
    text: String,
}

/// An area or a line.
#[derive(Serialize)]
pub(super) struct Shape {
    name: String,
    /// A class of the style sheet.
    color: String,
    path: String,
}

/// A snapshot: where it is, what is around it belongs to it, and its values in words.
pub(super) struct Mark {
    at: f64,
    left: f64,
    width: f64,
    /// The number of the snapshot.
    snapshot: usize,
    text: String,
}

/// A series of values, one for each moment of its chart.
pub(super) struct Series<'s> {
    pub(super) name: &'s str,
    pub(super) color: &'s str,
    /// `None` where there is no value.
    pub(super) values: Vec<Option<f64>>,
}

/// From seconds and values to places on the chart.
pub(super) struct Scale {
    from_seconds: f64,
    to_seconds: f64,
    most: f64,
    base: f64,
}

impl Scale {
    /// A scale from the first moment to the last, and from 0 to the greatest value.
    pub(super) fn of(
        moments: impl Iterator<Item = f64>,
        values: impl Iterator<Item = f64>,
    ) -> Self {
        let finite = moments.filter(|moment| moment.is_finite());
        let (from, to) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(from, to), moment| {
            (moment.min(from), moment.max(to))
        });
        let most = values.filter(|v| v.is_finite()).fold(0.0, f64::max);
        Scale {
            from_seconds: from,
            to_seconds: to,
            most: if most > 0.0 { most } else { 1.0 },
            base: BASE,
        }
    }

    /// The same for a low chart.
    pub(super) fn low(self) -> Self {
        Scale {
            base: LOW_BASE,
            ..self
        }
    }

    /// The ends of the time axis; the same twice if it has none.
    pub(super) fn ends(&self) -> [f64; 2] {
        let ends = [self.from_seconds, self.to_seconds];
        if ends.iter().all(|end| end.is_finite()) {
            ends
        } else {
            [0.0; 2]
        }
    }

    /// How high its chart is.
    pub(super) fn height(&self) -> f64 {
        self.base + BELOW
    }

    /// The greatest value.
    pub(super) fn most(&self) -> f64 {
        self.most
    }

    fn x(&self, seconds: f64) -> f64 {
        let span = self.to_seconds - self.from_seconds;
        if span.is_finite() && span > 0.0 {
            LEFT + (seconds - self.from_seconds) / span * (RIGHT - LEFT)
        } else {
            // One moment stands in the middle.
            (LEFT + RIGHT) / 2.0
        }
    }

    fn y(&self, value: f64) -> f64 {
        self.base - (value.max(0.0) / self.most).min(1.0) * (self.base - TOP)
    }
}

/// How far a lone moment is drawn to either side, so that there is something to see.
const LONE: f64 = 24.0;

/// The same for a value of a line that has no neighbours.
const DASH: f64 = 6.0;

/// The x of each moment; a lone one stands for two.
fn places(scale: &Scale, moments: &[f64]) -> Vec<f64> {
    match moments {
        [lone] => vec![scale.x(*lone) - LONE, scale.x(*lone) + LONE],
        _ => moments.iter().map(|&moment| scale.x(moment)).collect(),
    }
}

fn twice_if_lone(values: &[f64]) -> Vec<f64> {
    match values {
        [lone] => vec![*lone; 2],
        _ => values.to_vec(),
    }
}

/// Areas one upon the other.
pub(super) fn stacked(scale: &Scale, moments: &[f64], series: &[Series<'_>]) -> Vec<Shape> {
    let xs = places(scale, moments);
    let mut floor = vec![0.0; xs.len()];
    series
        .iter()
        .map(|series| {
            let values: Vec<f64> = series
                .values
                .iter()
                .map(|v| v.unwrap_or(0.0).max(0.0))
                .collect();
            let values = twice_if_lone(&values);
            let mut path = Path::default();
            let ceiling: Vec<f64> = floor.iter().zip(&values).map(|(a, b)| a + b).collect();
            for (&x, &value) in xs.iter().zip(&ceiling) {
                path.to(x, scale.y(value));
            }
            for (&x, &value) in xs.iter().zip(&floor).rev() {
                path.to(x, scale.y(value));
            }
            floor = ceiling;
            Shape {
                name: series.name.into(),
                color: series.color.into(),
                path: path.closed(),
            }
        })
        .collect()
}

/// Names of the areas at the right edge: the highest first, as far as there is room.
pub(super) fn edge_labels(scale: &Scale, series: &[Series<'_>]) -> Vec<EdgeLabel> {
    let mut floor = 0.0;
    let mut labels = Vec::new();
    for series in series {
        let last = series
            .values
            .last()
            .copied()
            .flatten()
            .unwrap_or(0.0)
            .max(0.0);
        let [bottom, top] = [floor, floor + last].map(|value| scale.y(value));
        floor += last;
        let y = round((bottom + top) / 2.0);
        labels.push((
            bottom - top,
            EdgeLabel {
                y,
                color: series.color.into(),
                text: ending(series.name),
            },
        ));
    }
    labels.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut shown: Vec<EdgeLabel> = Vec::new();
    for (height, label) in labels {
        if height > 2.0 && shown.iter().all(|other| (other.y - label.y).abs() >= LABEL) {
            shown.push(label);
        }
    }
    shown
}

/// What of a class name fits at the edge: its end, which tells more than its modules.
fn ending(name: &str) -> String {
    const MOST: usize = 18;
    let last = name.rsplit('.').next().unwrap_or_default();
    let name = if last.trim().is_empty() { name } else { last };
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// Where growth began.
pub(super) fn beginning(scale: &Scale, seconds: f64, text: String) -> Beginning {
    Beginning {
        x: round(scale.x(seconds)),
        text,
    }
}

/// A line from value to value; it breaks where there is none. A value without neighbours is a
/// short line, since a point would not be seen.
pub(super) fn line(scale: &Scale, moments: &[f64], series: &Series<'_>) -> Shape {
    let mut path = Path::default();
    let reach = if moments.len() == 1 { LONE } else { DASH };
    let is_some = |at: usize| matches!(series.values.get(at), Some(Some(_)));
    for (at, (&moment, value)) in moments.iter().zip(&series.values).enumerate() {
        let Some(value) = value else {
            path.lift();
            continue;
        };
        let (x, y) = (scale.x(moment), scale.y(*value));
        if at.checked_sub(1).is_some_and(is_some) || is_some(at + 1) {
            path.to(x, y);
        } else {
            path.to((x - reach).max(LEFT), y);
            path.to((x + reach).min(RIGHT), y);
        }
    }
    Shape {
        name: series.name.into(),
        color: series.color.into(),
        path: path.open(),
    }
}

/// A line that keeps each value until the next moment.
pub(super) fn steps(scale: &Scale, name: &str, color: &str, steps: &[(f64, f64)]) -> Shape {
    let mut path = Path::default();
    let mut before = None;
    for &(moment, value) in steps {
        let x = scale.x(moment);
        if let Some(before) = before {
            path.to(x, before);
        }
        let y = scale.y(value);
        path.to(x, y);
        before = Some(y);
    }
    Shape {
        name: name.into(),
        color: color.into(),
        path: path.open(),
    }
}

/// Marks of moments with their texts; each reaches half-way to its neighbours.
pub(super) fn marks(
    scale: &Scale,
    moments: &[f64],
    texts: Vec<String>,
    numbers: &[usize],
) -> Vec<Mark> {
    let xs: Vec<f64> = moments.iter().map(|&moment| scale.x(moment)).collect();
    let between = |a: usize, b: usize| (xs[a] + xs[b]) / 2.0;
    texts
        .into_iter()
        .enumerate()
        .map(|(place, text)| {
            let left = if place == 0 {
                LEFT
            } else {
                between(place - 1, place)
            };
            let right = if place + 1 == xs.len() {
                RIGHT
            } else {
                between(place, place + 1)
            };
            Mark {
                at: round(xs[place]),
                left: round(left),
                width: round((right - left).max(0.0)),
                snapshot: numbers[place],
                text,
            }
        })
        .collect()
}

/// Labels of the value axis: at most seven, at round values of this unit.
pub(super) fn value_ticks(scale: &Scale, base: f64, label: impl Fn(f64) -> String) -> Vec<Tick> {
    // There is nothing between one byte or instance and the next.
    let step = value_step(scale.most, base).max(1.0);
    let count = (scale.most / step) as usize;
    (0..=count.min(12))
        .map(|n| n as f64 * step)
        .map(|value| Tick {
            at: round(scale.y(value)),
            label: label(value),
        })
        .collect()
}

/// Labels of the time axis, at round moments.
pub(super) fn time_ticks(scale: &Scale, label: impl Fn(f64) -> String) -> Vec<Tick> {
    let span = scale.to_seconds - scale.from_seconds;
    if !span.is_finite() || span <= 0.0 {
        return Vec::new();
    }
    const ROUND: [f64; 14] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0,
    ];
    let wanted = span / 7.0;
    let step = ROUND
        .into_iter()
        .find(|&step| wanted <= step)
        .filter(|_| wanted > 0.5)
        .unwrap_or_else(|| {
            if wanted <= 0.5 {
                round_step(wanted, 1000.0)
            } else {
                86400.0 * round_step(wanted / 86400.0, 1000.0)
            }
        });
    let first = (scale.from_seconds / step).ceil();
    (0..12)
        .map(|n| (first + f64::from(n)) * step)
        .take_while(|&moment| moment <= scale.to_seconds)
        .map(|moment| Tick {
            at: round(scale.x(moment)),
            label: label(moment),
        })
        .collect()
}

/// A fifth of the axis or a little more. Where that is in a smaller unit than the top of the
/// axis, a binary part of the larger one: 512 KiB, 1 MiB and 1.5 MiB, not 500 and 1000 KiB.
fn value_step(most: f64, base: f64) -> f64 {
    let wanted = most / 5.0;
    let unit = |value: f64| base.powf(value.log(base).floor());
    let halves = (wanted / unit(most)).log2().ceil();
    if base == 1024.0 && unit(most) > unit(wanted) && halves.is_finite() {
        return unit(most) * halves.exp2();
    }
    round_step(wanted, base)
}

/// The next 1, 2 or 5 times a power of ten, within a power of `base`.
fn round_step(wanted: f64, base: f64) -> f64 {
    let unit = base.powf(wanted.log(base).floor());
    let ten = 10_f64.powf((wanted / unit).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * ten);
    let step = steps.into_iter().find(|&step| step * unit >= wanted);
    // A thousand of a unit is one of the next.
    let step = step.map(|step| {
        if step >= 1000.0 {
            base * unit
        } else {
            step * unit
        }
    });
    step.filter(|step| step.is_normal()).unwrap_or(wanted)
}

/// One decimal is a tenth of a pixel.
fn round(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

/// The `d` of a path.
#[derive(Default)]
struct Path {
    text: String,
    /// Where the pen is; `None` while it is lifted.
    at: Option<(f64, f64)>,
}

impl Path {
    fn to(&mut self, x: f64, y: f64) {
        use std::fmt::Write as _;
        let (x, y) = (round(x), round(y));
        // Writing to a String cannot fail.
        let _ = match self.at {
            None => write!(self.text, "M{x} {y}"),
            Some((_, before)) if y == before => write!(self.text, "H{x}"),
            Some((before, _)) if x == before => write!(self.text, "V{y}"),
            Some(_) => write!(self.text, "L{x} {y}"),
        };
        self.at = Some((x, y));
    }

    fn lift(&mut self) {
        self.at = None;
    }

    fn open(self) -> String {
        self.text
    }

    fn closed(mut self) -> String {
        self.text.push('Z');
        self.text
    }
}

/// A line of values in a box of 120 by 24, for a row of a table.
pub(super) fn spark(moments: &[f64], values: &[f64]) -> String {
    let scale = Scale::of(moments.iter().copied(), values.iter().copied());
    let mut path = Path::default();
    let xs = places(&scale, moments);
    for (&x, &value) in xs.iter().zip(&twice_if_lone(values)) {
        path.to(
            2.0 + (x - LEFT) / (RIGHT - LEFT) * 116.0,
            22.0 - (scale.base - scale.y(value)) / (scale.base - TOP) * 20.0,
        );
    }
    path.open()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        let cases = [
            (0.3, 1000.0, 0.5),
            (1.0, 1000.0, 1.0),
            (3.0, 1000.0, 5.0),
            (70.0, 1000.0, 100.0),
            (700.0, 1024.0, 1024.0),
            (3000.0, 1024.0, 5.0 * 1024.0),
        ];
        for (wanted, base, expected) in cases {
            let step = round_step(wanted, base);
            assert!((step - expected).abs() < 1e-9, "{wanted}: {step}");
        }
    }

    #[test]
    fn paths_break_where_there_is_no_value() {
        let scale = Scale::of([0.0, 3.0].into_iter(), [10.0].into_iter());
        let values = vec![Some(0.0), Some(10.0), None, Some(5.0)];
        let series = Series {
            name: "a",
            color: "c0",
            values,
        };
        let shape = line(&scale, &[0.0, 1.0, 2.0, 3.0], &series);
        assert_eq!(shape.path, "M0 266L333.3 12M994 139H1000");
    }

    #[test]
    fn labels_at_the_edge_have_room() {
        let scale = Scale::of([0.0, 1.0].into_iter(), [100.0].into_iter());
        let series = |name, last| Series {
            name,
            color: "c0",
            values: vec![Some(1.0), Some(last)],
        };
        let all = [
            series("a.Large", 60.0),
            series("a.b.Small", 3.0),
            series("Next", 37.0),
        ];
        let labels = edge_labels(&scale, &all);
        let texts: Vec<&str> = labels.iter().map(|label| label.text.as_str()).collect();
        assert_eq!(texts, ["Large", "Next", "Small"]);
        let close = [
            series("Large", 96.0),
            series("Small", 1.0),
            series("Next", 3.0),
        ];
        assert_eq!(edge_labels(&scale, &close).len(), 2);
    }

    #[test]
    fn long_labels_are_squeezed() {
        let label = |label: &str| Tick {
            at: 500.0,
            label: label.into(),
        };
        assert_eq!(label("500.0 KiB").squeezed(), None);
        assert_eq!(label("300,000.0 EiB").squeezed(), Some(72.0));
        assert_eq!(label("").percent(), 50.0);
    }

    #[test]
    fn extremes_have_places() {
        let scale = Scale::of(
            [f64::MIN, f64::MAX, f64::NAN].into_iter(),
            [f64::INFINITY, f64::NAN].into_iter(),
        );
        for value in [0.0, f64::MAX, -1.0, f64::NAN] {
            assert!(scale.y(value).is_finite());
            assert!(scale.x(value).is_finite() || value.is_nan());
        }
        assert!(value_ticks(&scale, 1024.0, |v| v.to_string()).len() < 20);
        assert!(time_ticks(&scale, |v| v.to_string()).is_empty());
    }

    #[test]
    fn steps_are_round_in_the_unit_of_the_top() {
        const MIB: f64 = 1024.0 * 1024.0;
        let cases = [
            (1000.0, 1024.0, 200.0),
            (150.0 * 1024.0, 1024.0, 50.0 * 1024.0),
            (2.2 * MIB, 1024.0, 0.5 * MIB),
            (1.1 * MIB, 1024.0, 0.25 * MIB),
            (40.0 * MIB, 1024.0, 10.0 * MIB),
            (1500.0, 1000.0, 500.0),
        ];
        for (most, base, step) in cases {
            assert_eq!(value_step(most, base), step, "{most}");
        }
    }
}
