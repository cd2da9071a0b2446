//! Whether people who cannot tell red from green can tell neighbours in a chart apart.

/// The colours of a palette: the values of `--c0`, `--c1` and so on.
fn palettes(css: &str) -> [Vec<[f64; 3]>; 2] {
    let color = |declaration: &str| {
        let (name, value) = declaration.split_once(": #")?;
        let number: usize = name.trim().strip_prefix("--c")?.parse().ok()?;
        let byte = |at: usize| u8::from_str_radix(value.get(at..at + 2)?, 16).ok();
        let rgb = [byte(0)?, byte(2)?, byte(4)?].map(|byte| f64::from(byte) / 255.0);
        Some((number, rgb))
    };
    let mut palettes = [Vec::new(), Vec::new()];
    let mut at = 0;
    for (number, rgb) in css.split([';', '{', '\n']).filter_map(color) {
        if number == 0 && !palettes[0].is_empty() {
            at = 1;
        }
        palettes[at].push(rgb);
    }
    palettes
}

/// Linear light of sRGB.
fn linear(value: f64) -> f64 {
    match value <= 0.04045 {
        true => value / 12.92,
        false => ((value + 0.055) / 1.055).powf(2.4),
    }
}

type Matrix = [[f64; 3]; 3];

fn times(matrix: Matrix, vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| (0..3).map(|at| row[at] * vector[at]).sum())
}

/// What Machado, Oliveira and Fernandes (2009) give for the whole lack of a cone.
const PROTANOPIA: Matrix = [
    [0.152_286, 1.052_583, -0.204_868],
    [0.114_503, 0.786_281, 0.099_216],
    [-0.003_882, -0.048_116, 1.051_998],
];
const DEUTERANOPIA: Matrix = [
    [0.367_322, 0.860_646, -0.227_968],
    [0.280_085, 0.672_501, 0.047_413],
    [-0.011_820, 0.042_940, 0.968_881],
];
const ALL_CONES: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// CIE L*a*b* for the white of sRGB, as eyes with these cones see it.
fn lab(rgb: [f64; 3], cones: Matrix) -> [f64; 3] {
    const XYZ: Matrix = [
        [0.4124, 0.3576, 0.1805],
        [0.2126, 0.7152, 0.0722],
        [0.0193, 0.1192, 0.9505],
    ];
    let seen = times(cones, rgb.map(linear)).map(|value| value.clamp(0.0, 1.0));
    let [x, y, z] = times(XYZ, seen);
    let f = |value: f64| match value > 0.008_856 {
        true => value.cbrt(),
        false => 7.787 * value + 16.0 / 116.0,
    };
    let [x, y, z] = [f(x / 0.950_47), f(y), f(z / 1.088_83)];
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// The distance of two colours, ΔE*ab of 1976: from 2 on an eye sees it.
fn distance(a: [f64; 3], b: [f64; 3], cones: Matrix) -> f64 {
    let [a, b] = [a, b].map(|color| lab(color, cones));
    (0..3).map(|at| (a[at] - b[at]).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn neighbours_stay_apart_for_the_color_blind() {
    let palettes = palettes(super::CSS);
    for palette in &palettes {
        assert_eq!(palette.len(), super::index::COLORS);
        for cones in [PROTANOPIA, DEUTERANOPIA, ALL_CONES] {
            for at in 0..palette.len() {
                // After the last the first comes again.
                let next = palette[(at + 1) % palette.len()];
                let distance = distance(palette[at], next, cones);
                assert!(distance > 15.0, "colour {at}: {distance}");
            }
        }
    }
    // The measure itself: black and white are a hundred apart, red and green of one lightness
    // nearly one colour to a deuteranope.
    let [black, white] = [[0.0; 3], [1.0; 3]];
    assert!((distance(black, white, ALL_CONES) - 100.0).abs() < 0.1);
    let [red, green] = [[0.70, 0.40, 0.10], [0.45, 0.52, 0.10]];
    assert!(distance(red, green, DEUTERANOPIA) < distance(red, green, ALL_CONES) / 2.0);
}
