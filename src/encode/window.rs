//! Fragments that are longer than the model's input.

use std::fmt;
#[cfg(any(feature = "model", test))]
use std::ops::Range;
use std::str::FromStr;

use crate::error::Error;

/// What to do with a fragment of more word pieces than the model takes.
///
/// ```
/// use vacancy_sections::Overflow;
///
/// assert_eq!(Overflow::default(), Overflow::Split);
/// assert_eq!("truncate".parse::<Overflow>()?, Overflow::Truncate);
/// # Ok::<(), vacancy_sections::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overflow {
    /// Read the whole fragment, in as few windows as possible.
    ///
    /// Windows end where a word ends; only a word that is longer than a window is cut inside. A
    /// word is what the tokenizer looks up as one: a run of letters and digits, or one
    /// punctuation mark. The windows are made as equal in size as the words allow, so that the
    /// last one is not a remnant of a few tokens.
    #[default]
    Split,
    /// Keep the beginning and drop the rest: `truncation=True` of transformers, as on the model
    /// card.
    Truncate,
    /// Refuse the fragment with [`Error::FragmentTooLong`](crate::Error::FragmentTooLong).
    Error,
}

/// The name in lower case: `split`, `truncate`, `error`.
impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Split => "split",
            Self::Truncate => "truncate",
            Self::Error => "error",
        })
    }
}

/// By name, in any case.
impl FromStr for Overflow {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        [Self::Split, Self::Truncate, Self::Error]
            .into_iter()
            .find(|overflow| overflow.to_string().eq_ignore_ascii_case(name.trim()))
            .ok_or_else(|| Error::UnknownName {
                what: "overflow",
                expected: "split, truncate or error",
                found: name.to_owned(),
            })
    }
}

/// Cuts `len` pieces into as few ranges of at most `limit` pieces as the words allow, as equal in
/// size as possible.
///
/// `word_starts` holds the index of the first piece of each word, in order. The ranges lie end to
/// end over `0..len`; a range ends where a word starts, except inside a word of more than `limit`
/// pieces. There is always at least one range, and only `len == 0` makes it empty. A `limit` of 0
/// counts as 1.
#[cfg(any(feature = "model", test))]
pub(crate) fn split(len: usize, word_starts: &[usize], limit: usize) -> Vec<Range<usize>> {
    let limit = limit.max(1);
    if len <= limit {
        return std::iter::once(0..len).collect();
    }
    let cuts = allowed_cuts(len, word_starts, limit);
    let fewest = fill(&cuts, limit).len();
    let longest_unit = cuts
        .iter()
        .scan(0, |previous, &cut| {
            let unit = cut - *previous;
            *previous = cut;
            Some(unit)
        })
        .max()
        .unwrap_or(limit);

    // The smallest window size that needs no more windows makes the largest window smallest.
    let (mut low, mut high) = (longest_unit.max(len.div_ceil(fewest)), limit);
    while low < high {
        let size = low.midpoint(high);
        if fill(&cuts, size).len() <= fewest {
            high = size;
        } else {
            low = size + 1;
        }
    }
    fill(&cuts, high)
}

/// Every index at which a range may end, in order; the last is `len`.
///
/// Consecutive indices, and the first from 0, are at most `limit` apart.
#[cfg(any(feature = "model", test))]
fn allowed_cuts(len: usize, word_starts: &[usize], limit: usize) -> Vec<usize> {
    let mut cuts = Vec::with_capacity(word_starts.len() + 1);
    let mut start = 0;
    for end in word_starts.iter().copied().chain([len]) {
        if end <= start || end > len {
            continue;
        }
        if end - start > limit {
            cuts.extend(start + 1..end);
        }
        cuts.push(end);
        start = end;
    }
    cuts
}

/// Ranges of at most `size` pieces, each as long as the cuts allow.
#[cfg(any(feature = "model", test))]
fn fill(cuts: &[usize], size: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut start, mut end) = (0, 0);
    for &cut in cuts {
        if cut - start > size && end > start {
            ranges.push(start..end);
            start = end;
        }
        end = cut;
    }
    ranges.push(start..end);
    ranges
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Word starts and length of words of the given numbers of pieces.
    fn words(lengths: &[usize]) -> (usize, Vec<usize>) {
        let mut len = 0;
        let starts = lengths
            .iter()
            .map(|pieces| {
                len += pieces;
                len - pieces
            })
            .collect();
        (len, starts)
    }

    fn sizes(lengths: &[usize], limit: usize) -> Vec<usize> {
        let (len, starts) = words(lengths);
        split(len, &starts, limit).iter().map(Range::len).collect()
    }

    #[test]
    fn nothing_gives_one_empty_window() {
        assert_eq!(split(0, &[], 5), std::iter::once(0..0).collect::<Vec<_>>());
    }

    #[test]
    fn what_fits_is_not_cut() {
        assert_eq!(sizes(&[3, 4, 3], 10), [10]);
    }

    #[test]
    fn windows_are_balanced() {
        assert_eq!(sizes(&[1; 11], 10), [6, 5]);
        assert_eq!(sizes(&[1; 127], 126), [64, 63]);
        assert_eq!(sizes(&[1; 1000], 126), [125; 8]);
    }

    #[test]
    fn words_stay_whole() {
        assert_eq!(sizes(&[4, 4, 4], 10), [8, 4]);
        assert_eq!(sizes(&[1, 9, 1, 9], 10), [10, 10]);
        assert_eq!(sizes(&[9, 2, 9], 10), [9, 2, 9]);
    }

    #[test]
    fn a_word_longer_than_a_window_is_cut_inside() {
        assert_eq!(sizes(&[25], 10), [9, 9, 7]);
        assert_eq!(sizes(&[1, 12, 1], 5), [5, 5, 4]);
        assert_eq!(sizes(&[3], 1), [1, 1, 1]);
    }

    #[test]
    fn a_limit_of_zero_still_ends() {
        assert_eq!(sizes(&[2], 0), [1, 1]);
    }

    #[test]
    fn starts_that_are_out_of_order_or_range_lose_nothing() {
        let ranges = split(6, &[4, 2, 9, 4], 3);
        assert_eq!(ranges.concat_len(), 6);
        assert!(ranges.iter().all(|range| range.len() <= 3));
    }

    trait ConcatLen {
        fn concat_len(&self) -> usize;
    }

    impl ConcatLen for Vec<Range<usize>> {
        fn concat_len(&self) -> usize {
            self.iter().map(Range::len).sum()
        }
    }

    /// The number of windows when each takes as many whole words as fit; pieces of words longer
    /// than a window count as words.
    fn fewest(lengths: &[usize], limit: usize) -> usize {
        let units = lengths.iter().flat_map(|&word| {
            if word > limit {
                vec![1; word]
            } else {
                vec![word]
            }
        });
        let (mut windows, mut room) = (1, limit);
        for unit in units {
            if unit > room {
                windows += 1;
                room = limit;
            }
            room -= unit;
        }
        windows
    }

    proptest! {
        #[test]
        fn windows_hold_every_piece_and_cut_at_words(
            lengths in prop::collection::vec(1_usize..12, 0..120),
            long in prop::option::of((any::<prop::sample::Index>(), 20_usize..90)),
            limit in 1_usize..40,
        ) {
            let mut lengths = lengths;
            if let (Some((index, pieces)), false) = (long, lengths.is_empty()) {
                let index = index.index(lengths.len());
                lengths[index] = pieces;
            }
            let (len, starts) = words(&lengths);
            let ranges = split(len, &starts, limit);

            prop_assert_eq!(ranges.first().map(|range| range.start), Some(0));
            prop_assert_eq!(ranges.last().map(|range| range.end), Some(len));
            for pair in ranges.windows(2) {
                prop_assert_eq!(pair[0].end, pair[1].start);
            }
            for range in &ranges {
                prop_assert!(range.len() <= limit);
                prop_assert!(len == 0 || !range.is_empty());
                if range.end < len && !starts.contains(&range.end) {
                    let word = starts.partition_point(|&start| start < range.end) - 1;
                    prop_assert!(lengths[word] > limit, "cut inside a word that fits");
                }
            }
            prop_assert_eq!(ranges.len(), fewest(&lengths, limit));
        }
    }
}
