//! Words as numbers of rows in a table.

/// Rows of the table; a power of two.
pub(super) const BUCKETS: usize = 4096;

/// Letters of a word that count: beyond them Russian words mostly differ by their endings.
const LETTERS: usize = 6;

/// The row of a word in lower case: its first letters under FNV-1a (32 bits), high half folded onto
/// the low one.
pub(super) fn bucket(word: &str) -> usize {
    let end = word
        .char_indices()
        .nth(LETTERS)
        .map_or(word.len(), |(at, _)| at);
    let hash = word.bytes().take(end).fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash ^ (hash >> 16)) as usize % BUCKETS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_make_no_difference() {
        assert_eq!(bucket("обязанности"), bucket("обязанностей"));
        assert_ne!(bucket("требования"), bucket("условия"));
        assert_eq!(bucket(""), (0x811c_9dc5_u32 ^ 0x811c) as usize % BUCKETS);
    }

    /// The table was learned for these numbers.
    #[test]
    fn numbers_stay() {
        let found = ["а", "опыт", "sql", "🔥", "требов"].map(bucket);
        insta::assert_debug_snapshot!(found);
    }
}
