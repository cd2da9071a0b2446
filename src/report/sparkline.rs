//! Figures one after the other as a line of blocks, for a cell of a table. As all of a table that
//! is not ASCII, it is written wherever tables are.

/// Columns of a line. Of more figures than that, each block stands for several.
pub(super) const MOST_BLOCKS: usize = 12;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A block for each figure, from 0 to the greatest of them; of more than fit, a block for the
/// greatest of some that follow each other, so that no peak is lost. Nothing of no figures.
pub(super) fn sparkline(figures: &[i128]) -> String {
    let blocks = figures.len().min(MOST_BLOCKS);
    let most = figures.iter().copied().max().unwrap_or(0);
    let block = |number: usize| {
        let (from, to) = (
            part(number, blocks, figures),
            part(number + 1, blocks, figures),
        );
        let figure = figures[from..to].iter().copied().max().unwrap_or(0);
        BLOCKS[height(figure, most)]
    };
    (0..blocks).map(block).collect()
}

/// Where so many equal parts of some figures begin.
fn part(number: usize, parts: usize, figures: &[i128]) -> usize {
    number * figures.len() / parts.max(1)
}

/// From 0, for nothing, to 7, for the most. Whatever is more than nothing is seen to be.
fn height(figure: i128, most: i128) -> usize {
    if figure <= 0 || most <= 0 {
        return 0;
    }
    let steps = (BLOCKS.len() - 1) as f64;
    let height = (figure as f64 / most as f64 * steps).round();
    (height as usize).clamp(1, BLOCKS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_figures() {
        let rising: Vec<i128> = (0..24).collect();
        let mut lone = vec![0; 25];
        lone[13] = 5;
        let cases: &[(&[i128], &str)] = &[
            (&[], ""),
            (&[0], "▁"),
            (&[9], "█"),
            (&[0, 1, 1_000_000], "▁▂█"),
            (&[0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
            (&[50, 100, 50], "▅█▅"),
            // On a big base little growth is little.
            (&[100, 104, 108], "▇██"),
            // Sums that no tracker writes.
            (&[-5, 0, 5], "▁▁█"),
            (&[-5, -1], "▁▁"),
            (&[i128::MAX, i128::MIN], "█▁"),
            (&rising, "▂▂▃▃▄▄▅▆▆▇▇█"),
            (&lone, "▁▁▁▁▁▁█▁▁▁▁▁"),
        ];
        for (figures, expected) in cases {
            assert_eq!(sparkline(figures), *expected, "{figures:?}");
        }
    }
}
