//! What the network is given of every fragment of a vacancy.

use super::cues::{Cues, Ending, Opening};
use crate::aggregate::ScoredFragment;
use crate::section::Section;

const SECTIONS: usize = Section::COUNT;

/// Keeps the logarithm of a probability within about 5.5, so that no model, however sure of itself,
/// outweighs everything else that is known.
const FLOOR: f32 = 0.004;

/// Groups of features: name and width. The position in this list is the group's number, the
/// widths before it are its offset. Names and widths are checked against the parameter table.
pub(super) const GROUPS: [(&str, usize); 8] = [
    ("own_log", SECTIONS),
    ("own_share", SECTIONS),
    ("words", 9),
    ("ending", 7),
    ("opening", 4),
    ("sign", 13),
    ("place", 12),
    ("link", Link::COUNT),
];

/// Number of features.
pub(super) const WIDTH: usize = offset(GROUPS.len());

const fn offset(group: usize) -> usize {
    let (mut index, mut sum) = (0, 0);
    while index < group {
        sum += GROUPS[index].1;
        index += 1;
    }
    sum
}

/// How a fragment hangs on the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    SameBlock,
    /// A new line that goes on with the sentence of the line before: texts that were wrapped.
    Continued,
    ItemToItem,
    ItemToText,
    TextToItem,
    TextToText,
}

impl Link {
    pub(super) const COUNT: usize = 6;
}

/// The fragments of a vacancy with everything that is needed to compute features in linear time.
pub(super) struct Evidence {
    cues: Vec<Cues>,
    shares: Vec<[f32; SECTIONS]>,
    /// First fragment of the block and the one behind its last.
    blocks: Vec<(usize, usize)>,
    /// Buckets of all words, fragment after fragment.
    words: Vec<usize>,
    /// Where the words of a fragment end.
    ends: Vec<usize>,
}

impl Evidence {
    pub(super) fn new(fragments: &[ScoredFragment<'_>]) -> Self {
        let count = fragments.len();
        let (mut cues, mut blocks) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let (mut words, mut ends) = (Vec::new(), Vec::with_capacity(count));
        let mut start = 0;
        for block in fragments.chunk_by(|a, b| a.block == b.block) {
            let end = start + block.len();
            let mut list = false;
            for (index, fragment) in block.iter().enumerate() {
                let mut cue = Cues::new(fragment, index == 0, block.len() == 1, &mut words);
                ends.push(words.len());
                if index == 0 {
                    list = cue.list;
                }
                cue.list = list;
                cues.push(cue);
                blocks.push((start, end));
            }
            start = end;
        }
        let shares = fragments.iter().map(|f| f.probabilities.to_array());
        Self {
            cues,
            shares: shares.collect(),
            blocks,
            words,
            ends,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.cues.len()
    }

    /// How fragment `index` hangs on the one before it.
    pub(super) fn link(&self, index: usize) -> Link {
        let list = |at: usize| self.cues.get(at).is_some_and(|cue| cue.list);
        let unfinished = |at: usize| {
            let ending = self.cues.get(at).map(|cue| cue.ending);
            matches!(ending, Some(Ending::Word | Ending::Comma | Ending::Other))
        };
        let lower = self
            .cues
            .get(index)
            .is_some_and(|cue| cue.opening == Opening::Lower);
        let previous = index.checked_sub(1);
        let starts = self
            .blocks
            .get(index)
            .is_some_and(|(start, _)| *start == index);
        if !starts {
            return Link::SameBlock;
        }
        if lower && !list(index) && previous.is_some_and(unfinished) {
            return Link::Continued;
        }
        match (previous.is_some_and(list), list(index)) {
            (true, true) => Link::ItemToItem,
            (true, false) => Link::ItemToText,
            (false, true) => Link::TextToItem,
            (false, false) => Link::TextToText,
        }
    }

    /// Buckets of the words of fragment `index`.
    pub(super) fn words(&self, index: usize) -> &[usize] {
        let end = |index: usize| self.ends.get(index).copied().unwrap_or_default();
        let start = index.checked_sub(1).map_or(0, end);
        self.words.get(start..end(index)).unwrap_or_default()
    }

    /// Calls `sink` with number and value of every feature of fragment `index` that is not 0.
    pub(super) fn visit(&self, index: usize, sink: impl FnMut(usize, f32)) {
        let (Some(cue), Some(share)) = (self.cues.get(index), self.shares.get(index)) else {
            return;
        };
        // The groups come in the order of GROUPS.
        let mut groups = Groups::new(sink);
        let logs = share.map(|p| (p * (1.0 - FLOOR) + FLOOR).ln());
        groups.values(logs);
        groups.values(*share);
        groups.one(word_bucket(cue.words));
        groups.one(ending_number(cue.ending));
        groups.one(opening_number(cue.opening));
        groups.flags([
            cue.list,
            cue.emphasis,
            cue.heading_kind,
            !cue.letters,
            cue.digits,
            cue.capitals,
            cue.latin,
            cue.emoji,
            cue.address,
            cue.phone,
            cue.tag,
            cue.announces,
            cue.inline,
        ]);
        groups.flags(self.place(index));
        groups.one(self.link(index) as usize);
    }

    fn place(&self, index: usize) -> [bool; 12] {
        let count = self.len();
        let (start, end) = self
            .blocks
            .get(index)
            .copied()
            .unwrap_or((index, index + 1));
        let relative = (index as f32 + 0.5) / count.max(1) as f32;
        let from_end = count.saturating_sub(index + 1);
        [
            index == 0,
            index == 1,
            start == 0,
            from_end == 0,
            from_end == 1,
            end == count,
            start == index,
            end == index + 1,
            end - start == 1,
            relative < 0.2,
            relative >= 0.8,
            (0.4..0.6).contains(&relative),
        ]
    }
}

/// Numbers the features, group after group.
struct Groups<S> {
    /// The groups that are still to come.
    rest: std::slice::Iter<'static, (&'static str, usize)>,
    /// Number of the first feature of the next group.
    start: usize,
    sink: S,
}

impl<S: FnMut(usize, f32)> Groups<S> {
    fn new(sink: S) -> Self {
        const ALL: &[(&str, usize)] = &GROUPS;
        Self {
            rest: ALL.iter(),
            start: 0,
            sink,
        }
    }

    /// The next group: positions in it and values, in ascending order.
    fn group(&mut self, features: impl Iterator<Item = (usize, f32)>) {
        let width = self.rest.next().map_or(0, |(_, width)| *width);
        for (position, value) in features {
            #[cfg(test)]
            crate::steps::add(1);
            if value != 0.0 {
                (self.sink)(self.start + position, value);
            }
        }
        self.start += width;
    }

    fn values<const N: usize>(&mut self, values: [f32; N]) {
        self.group(values.into_iter().enumerate());
    }

    fn flags<const N: usize>(&mut self, flags: [bool; N]) {
        self.values(flags.map(|flag| if flag { 1.0 } else { 0.0 }));
    }

    /// A group of which one feature holds.
    fn one(&mut self, position: usize) {
        self.group(std::iter::once((position, 1.0)));
    }
}

fn word_bucket(words: usize) -> usize {
    match words {
        0..=3 => words,
        4..=5 => 4,
        6..=8 => 5,
        9..=14 => 6,
        15..=24 => 7,
        _ => 8,
    }
}

fn ending_number(ending: Ending) -> usize {
    match ending {
        Ending::Word => 0,
        Ending::Stop => 1,
        Ending::Exclamation => 2,
        Ending::Question => 3,
        Ending::Comma => 4,
        Ending::Colon => 5,
        Ending::Other => 6,
    }
}

fn opening_number(opening: Opening) -> usize {
    match opening {
        Opening::Lower => 0,
        Opening::Upper => 1,
        Opening::Digit => 2,
        Opening::Other => 3,
    }
}

#[cfg(test)]
mod tests;
