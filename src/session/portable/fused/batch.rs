//! Which rows of a batch are computed, and where their logits go.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::error::{Error, Result};

/// The inputs of a batch, row after row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) ids: &'a [i32],
    pub(super) mask: &'a [i32],
    pub(super) types: &'a [i32],
    pub(super) seq_len: usize,
}

/// The real tokens of one row: where they start in the inputs, and how many they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fragment {
    start: usize,
    len: usize,
}

impl Fragment {
    pub(super) fn len(self) -> usize {
        self.len
    }

    fn of(self, values: &[i32]) -> &[i32] {
        values
            .get(self.start..self.start + self.len)
            .unwrap_or_default()
    }
}

impl<'a> Rows<'a> {
    /// Word and type of each token; both were checked against the tables.
    pub(super) fn tokens(self, fragment: Fragment) -> impl Iterator<Item = (usize, usize)> + 'a {
        let types = fragment.of(self.types).iter();
        fragment
            .of(self.ids)
            .iter()
            .zip(types)
            .map(|(id, kind)| (*id as usize, *kind as usize))
    }
}

/// How many rows the tables have that ids and types are looked up in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables {
    pub(super) words: usize,
    /// None when the model does not look at token types.
    pub(super) types: Option<usize>,
}

impl Tables {
    /// Refuses what the tables do not have, in padding too.
    fn check(self, rows: Rows<'_>) -> Result<()> {
        within("token id", rows.ids, rows.seq_len, self.words)?;
        match self.types {
            Some(types) => within("token type", rows.types, rows.seq_len, types),
            None => Ok(()),
        }
    }
}

fn within(what: &'static str, values: &[i32], seq_len: usize, limit: usize) -> Result<()> {
    let known = |value: &i32| usize::try_from(*value).is_ok_and(|value| value < limit);
    let Some((position, value)) = values.iter().enumerate().find(|(_, value)| !known(value)) else {
        return Ok(());
    };
    Err(Error::Shape {
        what,
        expected: format!("0 to {}, the embedding table", limit.saturating_sub(1)),
        found: format!(
            "{value} in row {}",
            position.checked_div(seq_len).unwrap_or(0)
        ),
    })
}

/// What is done with each row of a batch.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Rows with a prefix mask: hash of the content, row, real tokens.
    order: Vec<(u64, usize, Fragment)>,
    /// Fragments to compute, each content once.
    pub(super) unique: Vec<Fragment>,
    /// For each row with a prefix mask: the row, and its fragment among the unique ones.
    pub(super) places: Vec<(usize, usize)>,
    /// Rows whose mask is not ones and then zeros.
    pub(super) others: Vec<usize>,
}

impl Plan {
    /// Looks through the rows of a batch.
    pub(super) fn make(&mut self, rows: Rows<'_>, tables: Tables) -> Result<()> {
        tables.check(rows)?;
        self.order.clear();
        self.unique.clear();
        self.places.clear();
        self.others.clear();
        for (row, mask) in rows.mask.chunks_exact(rows.seq_len).enumerate() {
            match prefix(mask) {
                Some(len) => {
                    let start = row * rows.seq_len;
                    let fragment = Fragment { start, len };
                    self.order
                        .push((hash(rows, tables, fragment), row, fragment));
                }
                None => self.others.push(row),
            }
        }
        self.order
            .sort_unstable_by_key(|&(hash, row, _)| (hash, row));
        let mut previous: Option<(u64, Fragment)> = None;
        for &(hash, row, fragment) in &self.order {
            let same = previous
                .is_some_and(|(other, seen)| other == hash && same(rows, tables, seen, fragment));
            if !same {
                self.unique.push(fragment);
                previous = Some((hash, fragment));
            }
            self.places.push((row, self.unique.len() - 1));
        }
        Ok(())
    }
}

fn hash(rows: Rows<'_>, tables: Tables, fragment: Fragment) -> u64 {
    let mut hasher = DefaultHasher::new();
    fragment.of(rows.ids).hash(&mut hasher);
    if tables.types.is_some() {
        fragment.of(rows.types).hash(&mut hasher);
    }
    hasher.finish()
}

fn same(rows: Rows<'_>, tables: Tables, a: Fragment, b: Fragment) -> bool {
    a.of(rows.ids) == b.of(rows.ids)
        && (tables.types.is_none() || a.of(rows.types) == b.of(rows.types))
}

/// The length of a row whose mask is ones, at least one, and then zeros.
fn prefix(mask: &[i32]) -> Option<usize> {
    let length = mask.iter().take_while(|value| **value == 1).count();
    let clean = mask.iter().skip(length).all(|value| *value == 0);
    (clean && length > 0).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: Tables = Tables {
        words: 10,
        types: Some(2),
    };

    fn plan(ids: &[i32], mask: &[i32], types: &[i32]) -> Result<Plan> {
        let mut plan = Plan::default();
        let rows = Rows {
            ids,
            mask,
            types,
            seq_len: 3,
        };
        plan.make(rows, TABLES).map(|()| plan)
    }

    #[test]
    fn equal_rows_are_computed_once() {
        let found = plan(
            &[1, 2, 0, 1, 2, 9, 1, 2, 3, 1, 2, 0],
            &[1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0],
            &[0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
        )
        .unwrap();
        assert_eq!(found.unique.len(), 3);
        let mut place = [usize::MAX; 4];
        for (row, fragment) in found.places {
            place[row] = fragment;
        }
        assert_eq!(
            place[0], place[1],
            "what lies in the padding does not count"
        );
        assert_ne!(place[0], place[2]);
        assert_ne!(place[0], place[3], "types count");
    }

    #[test]
    fn masks_that_are_no_prefix_are_left_to_others() {
        let mask = [1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 1, 1, 1, 1];
        let found = plan(&[1; 15], &mask, &[0; 15]).unwrap();
        assert_eq!(found.others, [0, 1, 2, 3]);
        assert_eq!(found.places, [(4, 0)]);
    }

    #[test]
    fn ids_outside_the_tables_are_named() {
        let zeros = [0; 6];
        let ones = [1; 6];
        let message = |ids: &[i32], types: &[i32]| plan(ids, &ones, types).unwrap_err().to_string();
        assert_eq!(
            message(&[1, 1, 1, 1, 10, 1], &zeros),
            "token id: expected 0 to 9, the embedding table, found 10 in row 1"
        );
        assert!(message(&[1, -1, 1, 1, 1, 1], &zeros).contains("-1 in row 0"));
        assert!(
            message(&ones, &[0, 0, 2, 0, 0, 0])
                .contains("token type: expected 0 to 1, the embedding table, found 2 in row 0")
        );
    }
}
