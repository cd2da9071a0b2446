//! Whether a row of figures grows and will go on growing: three questions, each with the
//! probability of what was seen if the answer were no.
//!
//! - Is it more than chance? The test of Mann and Kendall, over all snapshots and over the later
//!   half alone.
//! - Did it stop? A row that rose in so many of its intervals seldom waits long for the next rise.
//! - Does it slow down? The rises of the last third against those before.

use super::decline::Decline;
use super::trend::upper_median;

/// How a row goes on at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Course {
    /// It did not grow, or by no more than chance explains.
    Still,
    /// It rose in one interval alone.
    Once,
    /// It grew, and then it stopped.
    Stopped,
    /// It grows, by less and less.
    Slowing,
    /// It grows, but the figures are too few or too uneven to be sure.
    Uncertain,
    /// It goes on growing.
    GoesOn,
}

/// What the tests say of a row of figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Growth {
    /// How it goes on.
    pub(super) course: Course,
    /// The place from which it grows, among all figures of the row.
    pub(super) since: usize,
    /// From there on, rising pairs less falling ones, of all pairs.
    pub(super) monotonicity: f64,
    /// Its falls as a share of its rises.
    pub(super) unevenness: f64,
    /// If it slows down: in how many intervals from its start on it would have stopped; `None` if
    /// that is not to be told.
    pub(super) stops_after_intervals: Option<f64>,
}

/// Below this probability something is no chance.
const SIGNIFICANT: f64 = 0.05;

/// A stall is a stop if it is less probable than this.
const STOPPED: f64 = 0.05;

/// A row that rose in at least so many intervals, in every one, and then in one no more, may just
/// have stopped.
const REGULAR_RISES: usize = 5;

/// A rise counts if it is more than this share of the whole range: sizes of containers waver. Where
/// figures fall, too, it must be more.
const NOTABLE_RISE: f64 = 0.005;
const NOTABLE_RISE_OF_UNEVEN: f64 = 0.02;

/// A row is even if its falls are less than this share of its rises. Chance seldom does that, so
/// that it may be so many times more probable.
pub(super) const EVEN: f64 = 0.05;
const EVEN_SIGNIFICANT: f64 = 5.0;

/// Rises that a verdict needs.
const ENOUGH_RISES: usize = 2;

/// A row has stopped if its later half reaches higher than the earlier one by less than this
/// share of the whole range, an even row by less than the second.
const LATE_GAIN: f64 = 0.1;
const LATE_GAIN_OF_EVEN: f64 = 0.05;

/// One step makes up nearly all growth if it is more than this share of all rises; at the end,
/// where nothing follows, more than the second.
const DOMINANT: f64 = 0.7;
const DOMINANT_AT_END: f64 = 0.5;

/// In a row of fewer figures than these, what follows a fast start is too short to be judged.
pub(super) const MANY: usize = 16;

/// A start is fast if its third of the intervals brought more than this share of all growth.
const EARLY: f64 = 0.7;

/// A row slows down if its last third rises by less than this share of the first, and by less
/// than this share of the middle one, and if the steps fall by more than chance explains.
const SLOW_OF_FIRST: f64 = 0.6;
const SLOW_OF_MIDDLE: f64 = 0.85;
const STEPS_FALL: f64 = 0.04;

/// The same of a short row: its later half against the earlier one.
const SLOW_OF_EARLY: f64 = 0.45;

impl Growth {
    /// Of figures at moments in seconds, which ascend. `tests` is how many rows are tested that may
    /// rise by chance: of many, some do.
    pub(super) fn of(figures: &[f64], seconds: &[f64], tests: usize) -> Growth {
        let empty = emptiness(figures);
        let (row, seconds) = (&figures[empty..], &seconds[empty..]);
        let mut growth = Growth {
            course: Course::Still,
            since: empty,
            monotonicity: 0.0,
            unevenness: unevenness(row),
            stops_after_intervals: None,
        };
        let grew = row.first() < row.last();
        if row.len() < 2 || !grew {
            return growth;
        }
        let began = change_point(row);
        growth.since = empty + began;
        (growth.monotonicity, _) = kendall(&row[began..]);
        growth.course = course(row, seconds, SIGNIFICANT / tests.max(1) as f64);
        if growth.course == Course::Slowing {
            growth.stops_after_intervals = stops_after(row, seconds);
        }
        growth
    }
}

/// How a row goes on that ends higher than it began. One step that makes up nearly all of it says
/// nothing of what follows, so that the rest is judged without it.
fn course(row: &[f64], seconds: &[f64], significant: f64) -> Course {
    let steps = row.windows(2).map(|pair| pair[1] - pair[0]);
    let rises: f64 = steps.clone().filter(|&step| step > 0.0).sum();
    let largest = steps.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    let last_step = row.len() - 2;
    let is_dominant = |&(at, step): &(usize, f64)| {
        step > rises
            * if at == last_step {
                DOMINANT_AT_END
            } else {
                DOMINANT
            }
    };
    let Some((at, step)) = largest.filter(is_dominant) else {
        return course_of_steps(row, seconds, significant);
    };
    let rest = row.iter().enumerate();
    let rest: Vec<f64> = rest
        .map(|(place, figure)| figure - if place > at { step } else { 0.0 })
        .collect();
    let course = match rest[0] < rest[rest.len() - 1] {
        true => course_of_steps(&rest, seconds, significant),
        false => Course::Still,
    };
    match course {
        Course::Still | Course::Once if row.len() - at <= 3 => Course::Once,
        Course::Still | Course::Once => Course::Stopped,
        Course::GoesOn if row.len() < MANY => Course::Uncertain,
        course => course,
    }
}

/// The same of a row without such a step.
fn course_of_steps(row: &[f64], seconds: &[f64], significant: f64) -> Course {
    let is_even = unevenness(row) < EVEN;
    // An even row is no noise of its own, but of many rows a few rise now and then.
    let significant = if is_even {
        EVEN_SIGNIFICANT * significant
    } else {
        significant
    };
    if kendall(row).1 >= significant {
        return Course::Still;
    }
    let notable = if is_even {
        NOTABLE_RISE
    } else {
        NOTABLE_RISE_OF_UNEVEN
    };
    let rises = Rises::of(row, seconds, notable);
    if rises.count < ENOUGH_RISES {
        return if rises.stall < 2 {
            Course::Once
        } else {
            Course::Stopped
        };
    }
    if rises.stall >= 2 && rises.stall_chance < STOPPED && !rises.has_waited_so_long {
        return Course::Stopped;
    }
    let (early, late) = row.split_at(row.len() / 2);
    let late_is_even = unevenness(late) < EVEN;
    let least_gain = if late_is_even {
        LATE_GAIN_OF_EVEN
    } else {
        LATE_GAIN
    };
    if highest(late) - highest(early) < least_gain * range(row) {
        return Course::Stopped;
    }
    if slows_down(row) || rises.may_just_have_stopped() {
        return Course::Slowing;
    }
    let late_rises = late_is_even || late.len() < 4 || kendall(late).1 < SIGNIFICANT;
    let began_fast = row.len() < MANY && early_share(row) > EARLY;
    if !late_rises || rises.began_again || rises.doubles || began_fast {
        return Course::Uncertain;
    }
    Course::GoesOn
}

/// What the first third of the intervals brought, as a share of all growth.
fn early_share(row: &[f64]) -> f64 {
    let third = (row.len() - 1) / 3;
    (row[third] - row[0]) / (row[row.len() - 1] - row[0])
}

fn highest(row: &[f64]) -> f64 {
    row.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn range(row: &[f64]) -> f64 {
    highest(row) - row.iter().copied().fold(f64::INFINITY, f64::min)
}

/// How many figures at the start do not count: before the first object, if the first ones came all
/// at once.
pub(super) fn emptiness(figures: &[f64]) -> usize {
    let Some(first) = figures.iter().position(|&figure| figure != 0.0) else {
        return 0;
    };
    let most = figures.iter().copied().fold(0.0, f64::max);
    match first {
        0 => 0,
        _ if figures[first] * 3.0 > most => first,
        _ => first - 1,
    }
}

/// Falls as a share of rises; 1 if there are no rises.
fn unevenness(row: &[f64]) -> f64 {
    let steps = row.windows(2).map(|pair| pair[1] - pair[0]);
    let (rises, falls) = steps.fold((0.0, 0.0), |(rises, falls), step| {
        (rises + f64::max(step, 0.0), falls - f64::min(step, 0.0))
    });
    if rises > 0.0 { falls / rises } else { 1.0 }
}

/// When a row was higher than ever before.
struct Rises {
    /// How often.
    count: usize,
    /// In how many intervals before the last time it was not.
    waited: usize,
    /// How many intervals passed since the last time.
    stall: usize,
    /// The same without intervals that are far shorter than others.
    stall_weight: f64,
    /// How likely it waits at least so long for the next time, as often as it rose before.
    stall_chance: f64,
    /// Whether it waited for as long before, or nearly.
    has_waited_so_long: bool,
    /// Whether it had stopped, and then rose again, by less than before.
    began_again: bool,
    /// Whether the last rises were each about twice the one before: room that is made ahead.
    doubles: bool,
}

impl Rises {
    /// `notable` is the share of the whole range that a rise must have.
    fn of(row: &[f64], seconds: &[f64], notable: f64) -> Rises {
        let whole = range(row);
        let (mut count, mut last, mut longest, mut stops) = (0, 0, 0, 0);
        let mut heights = vec![row[0]];
        let mut at_stop = row[0];
        for (at, &figure) in row.iter().enumerate() {
            let highest = heights[heights.len() - 1];
            if figure <= highest + notable * whole {
                continue;
            }
            let gap = at - last - 1;
            if count >= 3 && chance_of_stall(count, last - count, gap as f64) < STOPPED / 2.0 {
                (stops, at_stop) = (stops + 1, highest);
            }
            longest = longest.max(gap);
            heights.push(figure);
            (count, last) = (count + 1, at);
        }
        let stall = row.len() - 1 - last;
        let stall_weight = weight(&seconds[last..], seconds);
        let end = heights[heights.len() - 1];
        let steps: Vec<f64> = heights.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let doubled = steps.windows(2).rev().take(3);
        Rises {
            count,
            waited: last - count,
            stall,
            stall_weight,
            stall_chance: chance_of_stall(count, last - count, stall_weight),
            has_waited_so_long: stall <= longest + longest / 4,
            began_again: stops == 1 && end - at_stop < at_stop - row[0],
            doubles: steps.len() >= 4 && doubled.clone().all(|pair| pair[1] >= 1.7 * pair[0]),
        }
    }

    fn may_just_have_stopped(&self) -> bool {
        self.count >= REGULAR_RISES && self.waited == 0 && self.stall_weight >= 0.5
    }
}

/// How likely nothing rises in so many intervals after this many in which something did and
/// did not, where rises come at random in a share of the intervals that is not known (Laplace's
/// rule of succession).
fn chance_of_stall(rose: usize, waited: usize, stall: f64) -> f64 {
    let (rose, waited) = (rose as f64, waited as f64);
    let none = |n: f64| (waited + 1.0 + n) / (rose + waited + 2.0 + n);
    let whole = stall.floor();
    let chance: f64 = (0..whole as usize).map(|n| none(n as f64)).product();
    chance * none(whole).powf(stall - whole)
}

/// How many intervals these moments make: one that is far shorter than is usual counts in part.
fn weight(moments: &[f64], all: &[f64]) -> f64 {
    let intervals = |moments: &[f64]| -> Vec<f64> {
        moments.windows(2).map(|pair| pair[1] - pair[0]).collect()
    };
    let usual = upper_median(intervals(all));
    let weights = intervals(moments).into_iter().map(|interval| match usual {
        0.0 => 1.0,
        _ => (2.0 * interval / usual).clamp(0.0, 1.0),
    });
    weights.sum()
}

/// Whether a row rises by less and less, more than chance explains.
fn slows_down(row: &[f64]) -> bool {
    falls_by_thirds(row) || Decline::of(row).is_some_and(|decline| decline.is_clear)
}

/// After how many intervals a row that slows down would be told to have stopped: when no rise has
/// followed for so long, or when its later half brings no more.
fn stops_after(row: &[f64], seconds: &[f64]) -> Option<f64> {
    let intervals = (row.len() - 1) as f64;
    let rises = Rises::of(row, seconds, NOTABLE_RISE);
    let after = if rises.may_just_have_stopped() {
        let is_stop =
            |stall: &usize| chance_of_stall(rises.count, rises.waited, *stall as f64) < STOPPED;
        let stall = (rises.stall.max(2)..10 * row.len()).find(is_stop)?;
        (row.len() - 1 - rises.stall + stall) as f64
    } else {
        // Its later half brings x / (1 + x) of all, where x is what the earlier half leaves.
        let left_by_half = LATE_GAIN_OF_EVEN / (1.0 - LATE_GAIN_OF_EVEN);
        2.0 * Decline::of(row)?.tau_intervals * -left_by_half.ln()
    };
    (after > intervals).then_some(after)
}

/// Whether each third of a row rises by less than the one before.
fn falls_by_thirds(row: &[f64]) -> bool {
    let steps: Vec<f64> = row.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let third = steps.len() / 3;
    if third < 2 {
        return false;
    }
    let parts = [
        &steps[..third],
        &steps[third..steps.len() - third],
        &steps[steps.len() - third..],
    ];
    let [first, middle, last] = parts.map(usual_step);
    let by_thirds =
        first >= middle && last < SLOW_OF_FIRST * first && last < SLOW_OF_MIDDLE * middle;
    let (early, late) = steps.split_at(steps.len() / 2);
    // Thirds of a short row are too small.
    let by_halves = row.len() < MANY && mean(late) < SLOW_OF_EARLY * mean(early);
    let falling: Vec<f64> = steps.iter().map(|step| -step).collect();
    (by_thirds || by_halves) && kendall(&falling).1 < STEPS_FALL
}

/// The mean, of three and more without the largest: a container that makes room is one.
fn usual_step(steps: &[f64]) -> f64 {
    match steps.len() {
        0..3 => mean(steps),
        count => (steps.iter().sum::<f64>() - highest(steps)) / (count - 1) as f64,
    }
}

fn mean(figures: &[f64]) -> f64 {
    figures.iter().sum::<f64>() / figures.len().max(1) as f64
}

/// The place from which a row grows: a level and then a line, where this fits better than a line
/// alone (least squares, with Schwarz's price for the place).
fn change_point(row: &[f64]) -> usize {
    let count = row.len() as f64;
    let fit = |from: usize| {
        let ramp = |at: usize| at.saturating_sub(from) as f64;
        let (mut x, mut y, mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (at, &figure) in row.iter().enumerate() {
            let ramp = ramp(at);
            x += ramp;
            y += figure - row[0];
            xx += ramp * ramp;
            xy += ramp * (figure - row[0]);
            yy += (figure - row[0]).powi(2);
        }
        let (sxx, sxy, syy) = (xx - x * x / count, xy - x * y / count, yy - y * y / count);
        if sxx > 0.0 && sxy > 0.0 {
            f64::max(syy - sxy * sxy / sxx, 0.0)
        } else {
            syy
        }
    };
    let Some(last) = row.len().checked_sub(2) else {
        return 0;
    };
    let line = fit(0);
    let best = (1..=last)
        .map(|from| (fit(from), from))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let scale = row[row.len() - 1] - row[0];
    let floor = count * (scale * 1e-6).powi(2) + f64::MIN_POSITIVE;
    match best {
        Some((rest, from)) if count * ((line + floor) / (rest + floor)).ln() > 2.0 * count.ln() => {
            from
        }
        _ => 0,
    }
}

/// Rising pairs less falling ones, of all pairs, and how likely a row without a trend has so many
/// (Mann 1945, Kendall 1975; the normal approximation with a correction for ties, exact for
/// short rows without any).
fn kendall(row: &[f64]) -> (f64, f64) {
    let count = row.len();
    let mut score = 0_i64;
    for later in 1..count {
        for earlier in 0..later {
            score += match row[later].total_cmp(&row[earlier]) {
                std::cmp::Ordering::Greater => 1,
                std::cmp::Ordering::Less => -1,
                std::cmp::Ordering::Equal => 0,
            };
        }
    }
    let pairs = count * count.saturating_sub(1) / 2;
    let monotonicity = score as f64 / pairs.max(1) as f64;
    let mut sorted = row.to_vec();
    sorted.sort_by(f64::total_cmp);
    let weight = |count: usize| {
        let count = count as f64;
        count * (count - 1.0) * (2.0 * count + 5.0)
    };
    let ties: f64 = sorted
        .chunk_by(|a, b| a == b)
        .map(|tie| weight(tie.len()))
        .sum();
    let variance = (weight(count) - ties) / 18.0;
    if score <= 0 || variance <= 0.0 {
        return (monotonicity, 1.0);
    }
    if count <= 10 && ties == 0.0 {
        return (monotonicity, chance_of_score(count, score, pairs));
    }
    let deviations = (score as f64 - 1.0) / variance.sqrt();
    (monotonicity, upper_tail(deviations))
}

/// How likely a random order of so many figures has at least this score: inversions are counted.
fn chance_of_score(count: usize, score: i64, pairs: usize) -> f64 {
    let inversions = (pairs - score as usize) / 2;
    let mut orders = vec![1.0];
    for figures in 2..=count {
        let mut next = vec![0.0; orders.len() + figures - 1];
        for (at, orders) in orders.iter().enumerate() {
            next[at..at + figures].iter_mut().for_each(|n| *n += orders);
        }
        orders = next;
    }
    let all: f64 = orders.iter().sum();
    orders[..=inversions].iter().sum::<f64>() / all
}

/// The probability above so many standard deviations of a normal distribution (Abramowitz and
/// Stegun, 26.2.17; the error is below 1e-7).
fn upper_tail(deviations: f64) -> f64 {
    const TERMS: [f64; 5] = [
        0.319381530,
        -0.356563782,
        1.781477937,
        -1.821255978,
        1.330274429,
    ];
    let t = 1.0 / (1.0 + 0.2316419 * deviations.max(0.0));
    let series = TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    let density = (-deviations * deviations / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    density * series
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(figures: &[i32]) -> Growth {
        let row: Vec<f64> = figures.iter().map(|&figure| figure.into()).collect();
        let seconds: Vec<f64> = (0..row.len()).map(|at| 60.0 * at as f64).collect();
        Growth::of(&row, &seconds, 1)
    }

    #[test]
    fn courses() {
        let cases: &[(&[i32], Course)] = &[
            (&[0, 4, 8, 12, 16, 20, 24, 28], Course::GoesOn),
            (&[0, 0, 0, 0, 0, 0, 8, 16, 24, 32, 40], Course::GoesOn),
            (&[1000, 1003, 1006, 1009, 1012, 1015, 1018], Course::GoesOn),
            (&[0, 4, 8, 12, 16, 20, 20, 20], Course::Stopped),
            (&[0, 4, 8, 12, 16, 20, 24, 24], Course::Slowing),
            (&[0, 20, 20, 20, 20, 20, 20, 20], Course::Still),
            (&[5, 6, 7, 8, 9, 90, 91, 92, 93, 94, 95], Course::Uncertain),
            (
                &[
                    1, 2, 3, 4, 5, 6, 7, 8, 9, 90, 91, 92, 93, 94, 95, 96, 97, 98,
                ],
                Course::GoesOn,
            ),
            (&[5, 5, 5, 9, 9, 9, 9, 9, 9, 9, 9, 9], Course::Stopped),
            (&[5, 5, 5, 5, 5, 5, 5, 9], Course::Once),
            (&[51, 52, 52, 52, 51, 52, 52, 89], Course::Once),
            (&[11, 11, 11, 11, 11, 11], Course::Still),
            (&[11, 9, 12, 10, 11, 13, 9, 12], Course::Still),
            (&[0, 20, 18, 17, 15, 18, 16, 16, 14, 15, 18], Course::Still),
            (
                &[0, 20, 36, 49, 59, 67, 74, 79, 83, 86, 89, 91, 93],
                Course::Slowing,
            ),
            (
                &[0, 50, 90, 92, 94, 96, 98, 100, 102, 104, 106, 108, 110],
                Course::Uncertain,
            ),
            (
                &[
                    0, 50, 90, 92, 94, 96, 98, 100, 102, 104, 106, 108, 110, 112, 114, 116, 118,
                    120,
                ],
                Course::GoesOn,
            ),
            (
                &[
                    10, 12, 14, 16, 18, 13, 15, 17, 19, 13, 15, 17, 19, 13, 15, 17, 19,
                ],
                Course::Stopped,
            ),
            // Room that is made ahead.
            (
                &[10, 12, 12, 12, 16, 16, 16, 16, 24, 24, 40, 40, 40],
                Course::Uncertain,
            ),
            (
                &[0, 10, 20, 30, 40, 50, 50, 50, 50, 50, 50, 50, 52, 54, 56],
                Course::Uncertain,
            ),
            (&[7], Course::Still),
            (&[], Course::Still),
        ];
        for (figures, expected) in cases {
            assert_eq!(growth(figures).course, *expected, "{figures:?}");
        }
    }

    /// A last snapshot right behind the one before says nothing.
    #[test]
    fn short_intervals_hardly_count() {
        let row = [0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 24.0];
        let mut seconds: Vec<f64> = (0..row.len()).map(|at| 60.0 * at as f64).collect();
        seconds[7] = seconds[6] + 1.0;
        assert_eq!(Growth::of(&row, &seconds, 1).course, Course::GoesOn);
    }

    #[test]
    fn change_points() {
        let since = |figures: &[i32]| growth(figures).since;
        assert_eq!(since(&[5, 5, 5, 5, 9, 13, 17, 21]), 3);
        assert_eq!(since(&[0, 1, 2, 3, 4, 5]), 0);
        assert_eq!(since(&[3, 4, 3, 4, 3, 9, 15, 21, 27]), 4);
    }

    #[test]
    fn when_it_stops() {
        // A leak does not.
        assert_eq!(growth(&[0, 4, 8, 12, 16, 20]).stops_after_intervals, None);
        // 20 * 0.8^n: tau is 4.5 intervals, and 2 ln(19) of them are 26.4.
        let filling = growth(&[0, 20, 36, 49, 59, 67, 74, 79, 83, 86, 89, 91, 93]);
        let after = filling.stops_after_intervals.unwrap();
        assert!((25.0..28.0).contains(&after), "{after}");
        // Six rises in six intervals, and a stall: by Laplace's rule (1/8) (2/9) is below 5 %.
        let stalled = growth(&[0, 4, 8, 12, 16, 20, 24, 24]);
        assert_eq!(stalled.stops_after_intervals, Some(8.0));
    }

    /// Tables of Kendall (Rank Correlation Methods, table 1): n = 4, S = 6; n = 5, S = 8; n = 8,
    /// S = 18.
    #[test]
    fn chances() {
        let close = |a: f64, b: f64| (a - b).abs() < 5e-4;
        assert!(close(chance_of_score(4, 6, 6), 0.042));
        assert!(close(chance_of_score(5, 8, 10), 0.042));
        assert!(close(chance_of_score(8, 18, 28), 0.016));
        assert!(close(upper_tail(1.96), 0.025));
        assert!(close(upper_tail(0.0), 0.5));
    }
}
