//! Draws odd dumps at random, so that what is found shrinks to few parts.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::part::{
    ASIZED_KEYS, Asized, Frame, Key, Kind, Known, OBJECT_KEYS, Object, Part, Place, Referents,
    Sample, Samples, Source, TEXTS, Text, Trace,
};

/// How much of a dump is not as it should be.
#[derive(Clone, Copy)]
enum Oddness {
    /// Nearly all values are as a pickler may write them.
    Little,
    /// Most values are references to entries of the memo.
    References,
}

/// A plain value, or seldom an odd one; the other way round where most values are references.
fn mostly<T: std::fmt::Debug + 'static>(
    oddness: Oddness,
    plain: impl Strategy<Value = T> + 'static,
    odd: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<T> {
    let (many, few) = match oddness {
        Oddness::Little => (300, 1),
        Oddness::References => (1, 2),
    };
    prop_oneof![many => plain, few => odd].boxed()
}

fn ago() -> impl Strategy<Value = usize> {
    prop_oneof![0..10_usize, 0..10_000_usize]
}

/// An entry of a kind that belongs there, or another. The latter mostly ends in a refusal, so it is
/// rare where there are many references.
fn known(oddness: Oddness, kind: Kind) -> impl Strategy<Value = Known> {
    let fitting = match oddness {
        Oddness::Little => 2,
        Oddness::References => 200,
    };
    prop_oneof![
        fitting => ago().prop_map(move |ago| Known::Of(kind, ago)),
        1 => ago().prop_map(Known::Any),
        1 => (0..10_usize).prop_map(Known::Later),
    ]
}

fn text(oddness: Oddness) -> BoxedStrategy<Text> {
    let plain = prop_oneof![
        4 => (0..TEXTS.len()).prop_map(Text::Usual),
        4 => Just(Text::New),
        4 => Just(Text::Repr),
        1 => (0..TEXTS.len()).prop_map(Text::Unstored),
        1 => Just(Text::None),
        // Names by number are common, and taken.
        3 => ago().prop_map(|ago| Text::Known(Known::Of(Kind::Text, ago))),
    ];
    mostly(
        oddness,
        plain,
        known(oddness, Kind::Text).prop_map(Text::Known),
    )
}

/// A text that may not be None.
fn frame_text(oddness: Oddness) -> impl Strategy<Value = Text> {
    text(oddness).prop_map(|text| match text {
        Text::None => Text::Usual(0),
        text => text,
    })
}

fn number() -> impl Strategy<Value = i128> {
    let wide = [-1, -5, 1 << 31, 1 << 32, 1 << 40, 1 << 62, (1 << 63) - 1];
    prop_oneof![
        6 => 0..300_i128,
        3 => 0..1_000_000_i128,
        1 => select(wide.to_vec()),
    ]
}

fn address() -> impl Strategy<Value = i128> {
    let odd = [-1, 1 << 63, 1 << 64, 1 << 100];
    prop_oneof![60 => 0..1_i128 << 47, 1 => select(odd.to_vec())]
}

fn seconds() -> impl Strategy<Value = f64> {
    let odd = [f64::NAN, f64::INFINITY, -0.0];
    prop_oneof![150 => (0..5_i32).prop_map(f64::from), 50 => 0.0..5.0, 1 => select(odd.to_vec())]
}

/// The keys of an instance: all in their order, or one of them left out; seldom in another order,
/// or with one that comes twice.
fn keys(all: &'static [Key], optional: &'static [usize]) -> impl Strategy<Value = Vec<Key>> {
    let without = move |place| {
        let mut keys = all.to_vec();
        keys.remove(place);
        keys
    };
    let with_second = move |key| [all, &[key]].concat();
    prop_oneof![
        60 => Just(all.to_vec()),
        6 => select(optional).prop_map(without),
        1 => Just(all.to_vec()).prop_shuffle(),
        1 => select(all).prop_map(with_second),
    ]
}

fn frame(oddness: Oddness) -> BoxedStrategy<Frame> {
    let line = (frame_text(oddness), number()).prop_map(|(text, index)| Source::Line(text, index));
    let source = mostly(
        oddness,
        prop_oneof![Just(Source::None), line],
        known(oddness, Kind::Source).prop_map(Source::Known),
    );
    let parts = (frame_text(oddness), number(), frame_text(oddness), source);
    let frame =
        (parts, any::<bool>()).prop_map(|((file, line, function, source), is_stored)| Frame::New {
            file,
            line,
            function,
            source,
            is_stored,
        });
    mostly(
        oddness,
        frame,
        known(oddness, Kind::Frame).prop_map(Frame::Known),
    )
}

fn trace(oddness: Oddness) -> BoxedStrategy<Trace> {
    let frames = vec(frame(oddness), 1..4);
    let twice = frames.prop_flat_map(|frames| {
        let equal = [&frames[..], &frames[..]].concat();
        prop_oneof![4 => Just(frames), 1 => Just(equal)]
    });
    let plain = prop_oneof![
        8 => twice.prop_map(Trace::Frames),
        8 => Just(Trace::None),
        1 => any::<bool>().prop_map(|is_marked| Trace::Empty { is_marked }),
    ];
    mostly(
        oddness,
        plain,
        known(oddness, Kind::Trace).prop_map(Trace::Known),
    )
}

fn asized(oddness: Oddness) -> BoxedStrategy<Asized> {
    let instance = move |referents: BoxedStrategy<Referents>| {
        let parts = (text(oddness), number(), number(), referents);
        let new = (keys(&ASIZED_KEYS, &[0, 1, 2]), parts);
        let new = new.prop_map(|(keys, (name, size, flat, referents))| Asized::New {
            keys,
            name,
            size,
            flat,
            referents,
        });
        mostly(
            oddness,
            new,
            known(oddness, Kind::Asized).prop_map(Asized::Known),
        )
    };
    let none = Referents::New {
        of: Vec::new(),
        is_marked: false,
        is_stored: false,
    };
    let leaf = instance(Just(none).boxed());
    leaf.prop_recursive(2, 3, 3, move |inner| {
        let some = (vec(inner, 1..5), any::<bool>(), any::<bool>());
        let some = some.prop_map(|(of, is_marked, is_stored)| Referents::New {
            of,
            is_marked,
            is_stored,
        });
        let known = known(oddness, Kind::Referents).prop_map(Referents::Known);
        instance(mostly(oddness, some, known))
    })
    .boxed()
}

fn samples(oddness: Oddness) -> BoxedStrategy<Samples> {
    let parts = (seconds(), asized(oddness), any::<bool>(), 1..4_usize);
    let sample = parts.prop_map(|(time, asized, is_stored, times)| Sample::New {
        time,
        asized,
        is_stored,
        times,
    });
    let known_sample = known(oddness, Kind::Sample).prop_map(Sample::Known);
    let of = vec(mostly(oddness, sample, known_sample), 0..4);
    let new = (of, any::<bool>()).prop_map(|(of, is_batch)| Samples::New { of, is_batch });
    let known = known(oddness, Kind::Samples).prop_map(Samples::Known);
    mostly(oddness, new, known)
}

fn object(oddness: Oddness) -> impl Strategy<Value = Object> {
    let whole = (
        keys(&OBJECT_KEYS, &[1, 2, 4, 5, 6, 7]),
        weighted(0.02, Just(())),
        address(),
        text(oddness),
        text(oddness),
    );
    let rest = (
        seconds(),
        weighted(0.5, seconds()),
        trace(oddness),
        0..3_i128,
        samples(oddness),
    );
    (whole, rest).prop_map(
        |((keys, long_get, address, repr, name), (birth, death, trace, level, samples))| Object {
            keys,
            has_long_get: long_get.is_some(),
            address,
            repr,
            name,
            birth,
            death,
            trace,
            level,
            samples,
        },
    )
}

fn part() -> impl Strategy<Value = Part> {
    let objects = (vec(object(Oddness::Little), 1..5), 1..25_usize);
    let place = prop_oneof![
        ago().prop_map(Place::Used),
        (0..4_u32).prop_map(Place::Free)
    ];
    prop_oneof![
        40 => objects.prop_map(|(of, times)| Part::Objects { of, times }),
        4 => Just(Part::Pop),
        4 => (0..100_u64).prop_map(Part::FrameHead),
        2 => select(&[1, 300][..]).prop_map(Part::Memoize),
        4 => (100..3000_usize).prop_map(Part::Bytes),
        4 => Just(Part::NextClass),
        1 => prop_oneof![
            // Each is the end of looking ahead, or slow.
            place.prop_map(Part::Put),
            Just(Part::Memoize(140_000)),
        ],
    ]
}

/// What happens to the bytes of a dump when all is written.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Cut(Index),
    Flip(Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<Index>().prop_map(Change::Cut),
        (any::<Index>(), 1..=255_u8).prop_map(|(at, mask)| Change::Flip(at, mask)),
    ]
}

/// Objects of any kind with what stands between them, at last some that refer to all that came
/// before.
pub(super) fn odd_dump() -> impl Strategy<Value = (Vec<Part>, Option<Change>)> {
    let recalling = weighted(0.3, vec(object(Oddness::References), 1..10));
    let parts = (vec(part(), 1..12), recalling).prop_map(|(mut parts, recalling)| {
        parts.extend(recalling.map(|of| Part::Objects { of, times: 1 }));
        parts
    });
    (parts, weighted(0.2, change()))
}

pub(super) fn apply(change: &Change, bytes: &mut Vec<u8>) {
    match change {
        Change::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Change::Flip(at, mask) => {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
    }
}
