//! Numbers that the parameter table weighs, for every fragment of a vacancy.

use super::cues::{Cues, Ending, Opening};
use super::lexicon::{STEMS, Stems};
use crate::aggregate::ScoredFragment;
use crate::section::Section;

const SECTIONS: usize = Section::COUNT;

/// The shares of a fragment that is not there.
const NOTHING: [f32; SECTIONS] = [0.0; SECTIONS];

/// Keeps the logarithm of a probability within about 5.5, so that no model, however sure of itself,
/// outweighs everything else that is known.
const FLOOR: f32 = 0.004;

/// How much of a mean over the fragments on one side is left one fragment further.
const DECAY: f32 = 0.6;

/// Groups of features: name and width. The position in this list is the group's number, the
/// widths before it are its offset. Names and widths are checked against the parameter table.
pub(super) const GROUPS: [(&str, usize); 26] = [
    ("own_log", SECTIONS),
    ("own_share", SECTIONS),
    ("own_log_short", SECTIONS),
    ("own_log_announcing", SECTIONS),
    ("previous_share", SECTIONS),
    ("next_share", SECTIONS),
    ("before_previous_share", SECTIONS),
    ("after_next_share", SECTIONS),
    ("left_share", SECTIONS),
    ("right_share", SECTIONS),
    ("block_share", SECTIONS),
    ("vacancy_share", SECTIONS),
    ("lead_share", SECTIONS),
    ("lead_distance", 5),
    ("words", 9),
    ("ending", 7),
    ("opening", 4),
    ("sign", 12),
    ("place", 12),
    ("around", 10),
    ("stem_short", STEMS.len()),
    ("stem_long", STEMS.len()),
    ("stem_inline", STEMS.len()),
    ("stem_lead", STEMS.len()),
    ("stem_previous", STEMS.len()),
    ("bias", 1),
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
    pub(super) const NAMES: [&'static str; 6] = [
        "same_block",
        "continued",
        "item_to_item",
        "item_to_text",
        "text_to_item",
        "text_to_text",
    ];
}

/// Which scores of content under an announced section hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    SameBlock,
    Item,
    Text,
}

impl Gate {
    pub(super) const NAMES: [&'static str; 3] = ["same_block", "item", "text"];
}

/// The fragments of a vacancy with everything that is needed to compute features in linear time.
pub(super) struct Evidence<'a> {
    fragments: &'a [ScoredFragment<'a>],
    cues: Vec<Cues>,
    shares: Vec<[f32; SECTIONS]>,
    left: Vec<[f32; SECTIONS]>,
    right: Vec<[f32; SECTIONS]>,
    /// First fragment of the block and the one behind its last.
    blocks: Vec<(usize, usize)>,
    block_sums: Vec<[f32; SECTIONS]>,
    /// Nearest fragment before this one that announces something.
    leads: Vec<Option<usize>>,
    mean: [f32; SECTIONS],
}

impl<'a> Evidence<'a> {
    pub(super) fn new(fragments: &'a [ScoredFragment<'a>]) -> Self {
        let count = fragments.len();
        let shares: Vec<_> = fragments
            .iter()
            .map(|f| f.probabilities.to_array())
            .collect();
        let (mut cues, mut blocks) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut block_sums = Vec::with_capacity(count);
        let mut start = 0;
        for block in fragments.chunk_by(|a, b| a.block == b.block) {
            let end = start + block.len();
            let sum = shares
                .iter()
                .skip(start)
                .take(block.len())
                .fold([0.0; SECTIONS], |sum, share| add(sum, *share, 1.0));
            let mut list = false;
            for (index, fragment) in block.iter().enumerate() {
                let mut cue = Cues::new(fragment, index == 0, block.len() == 1);
                if index == 0 {
                    list = cue.list;
                }
                cue.list = list;
                cues.push(cue);
                blocks.push((start, end));
                block_sums.push(sum);
            }
            start = end;
        }
        let mut leads = Vec::with_capacity(count);
        let mut lead = None;
        for (index, cue) in cues.iter().enumerate() {
            leads.push(lead);
            if cue.announces {
                lead = Some(index);
            }
        }
        let total = shares
            .iter()
            .fold([0.0; SECTIONS], |sum, s| add(sum, *s, 1.0));
        let right = {
            let mut right = decayed(shares.iter().rev());
            right.reverse();
            right
        };
        Self {
            left: decayed(shares.iter()),
            right,
            mean: total.map(|sum| sum / count.max(1) as f32),
            fragments,
            cues,
            shares,
            blocks,
            block_sums,
            leads,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.fragments.len()
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

    /// Which scores under the announced section hold for fragment `index`.
    pub(super) fn gate(&self, index: usize) -> Gate {
        match self.link(index) {
            Link::SameBlock | Link::Continued => Gate::SameBlock,
            Link::ItemToItem | Link::TextToItem => Gate::Item,
            Link::ItemToText | Link::TextToText => Gate::Text,
        }
    }

    /// Calls `sink` with number and value of every feature of fragment `index` that is not 0.
    pub(super) fn visit(&self, index: usize, sink: impl FnMut(usize, f32)) {
        let (Some(cue), Some(share)) = (self.cues.get(index), self.shares.get(index)) else {
            return;
        };
        // The groups come in the order of GROUPS.
        let mut groups = Groups::new(sink);
        let logs = share.map(|p| (p * (1.0 - FLOOR) + FLOOR).ln());
        let when = |condition: bool, values: [f32; SECTIONS]| {
            if condition { values } else { NOTHING }
        };
        let around = |index: Option<usize>| {
            let values = index.and_then(|at| self.shares.get(at));
            values.copied().unwrap_or(NOTHING)
        };
        let of = |values: &[[f32; SECTIONS]]| values.get(index).copied().unwrap_or(NOTHING);
        let (previous, next) = (index.checked_sub(1), index.checked_add(1));
        let lead = self.leads.get(index).copied().flatten();
        let lead_cue = lead.and_then(|at| self.cues.get(at));
        let previous_cue = previous.and_then(|at| self.cues.get(at));
        let next_cue = next.and_then(|at| self.cues.get(at));

        groups.values(logs);
        groups.values(*share);
        groups.values(when(cue.words <= 4, logs));
        groups.values(when(cue.announces, logs));
        groups.values(around(previous));
        groups.values(around(next));
        groups.values(around(index.checked_sub(2)));
        groups.values(around(index.checked_add(2)));
        groups.values(of(&self.left));
        groups.values(of(&self.right));
        groups.values(self.others_of_block(index, *share));
        groups.values(self.mean);
        groups.values(around(lead));
        groups.one(lead_distance(index, lead));
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
        ]);
        groups.flags(self.place(index));
        let told = |cue: Option<&Cues>, test: fn(&Cues) -> bool| cue.is_some_and(test);
        groups.flags([
            told(previous_cue, |cue| cue.announces),
            told(next_cue, |cue| cue.announces),
            told(previous_cue, |cue| cue.list),
            told(next_cue, |cue| cue.list),
            told(next_cue, |cue| cue.list) && !cue.list,
            told(previous_cue, |cue| cue.ending == Ending::Colon),
            told(next_cue, |cue| cue.ending == Ending::Colon),
            told(next_cue, |cue| cue.opening == Opening::Lower),
            told(next_cue, |cue| cue.words > 8),
            told(previous_cue, Cues::is_short),
        ]);
        let stems = |cue: Option<&Cues>| cue.map(|cue| cue.stems).unwrap_or_default();
        groups.stems(stems(Some(cue).filter(|cue| cue.is_short())));
        groups.stems(stems(Some(cue).filter(|cue| !cue.is_short())));
        groups.stems(cue.inline);
        groups.stems(stems(lead_cue));
        groups.stems(stems(previous_cue.filter(|cue| cue.is_short())));
        groups.one(0);
    }

    /// Mean share of the other fragments of the block.
    fn others_of_block(&self, index: usize, own: [f32; SECTIONS]) -> [f32; SECTIONS] {
        let (Some((start, end)), Some(sum)) = (self.blocks.get(index), self.block_sums.get(index))
        else {
            return [0.0; SECTIONS];
        };
        let others = (end - start).saturating_sub(1);
        if others == 0 {
            return [0.0; SECTIONS];
        }
        add(*sum, own, -1.0).map(|value| value / others as f32)
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

fn add(sum: [f32; SECTIONS], values: [f32; SECTIONS], factor: f32) -> [f32; SECTIONS] {
    #[cfg(test)]
    crate::steps::add(SECTIONS);
    let mut sum = sum;
    for (total, value) in sum.iter_mut().zip(values) {
        *total += factor * value;
    }
    sum
}

/// For each row, the mean of those before it, the nearer the heavier.
fn decayed<'a>(rows: impl Iterator<Item = &'a [f32; SECTIONS]>) -> Vec<[f32; SECTIONS]> {
    let mut mean = [0.0; SECTIONS];
    rows.map(|row| {
        let before = mean;
        mean = add(mean.map(|value| DECAY * value), *row, 1.0 - DECAY);
        before
    })
    .collect()
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

    fn stems(&mut self, stems: Stems) {
        self.group(stems.iter().map(|stem| (stem, 1.0)));
    }
}

fn lead_distance(index: usize, lead: Option<usize>) -> usize {
    match lead.map(|lead| index - lead) {
        None => 0,
        Some(1) => 1,
        Some(2..=3) => 2,
        Some(4..=8) => 3,
        Some(_) => 4,
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
