use super::super::TABLE;
use super::*;

fn error(bytes: &[u8]) -> String {
    Parameters::parse("table", bytes).unwrap_err().to_string()
}

/// The table with one text in its head replaced.
fn with(from: &str, to: &str) -> Vec<u8> {
    let at = TABLE
        .windows(from.len())
        .position(|window| window == from.as_bytes())
        .unwrap();
    [&TABLE[..at], to.as_bytes(), &TABLE[at + from.len()..]].concat()
}

#[test]
fn the_embedded_table_is_read() {
    let parameters = Parameters::parse("sequence.bin", TABLE).unwrap();
    assert_eq!(parameters.network.words.len(), BUCKETS * HIDDEN);
    assert_eq!(parameters.network.decide.bias.len(), CLASSES);
}

#[test]
fn another_version_is_refused() {
    let refusal = error(&with("sequence 2", "sequence 3"));
    assert!(
        refusal.contains("expected vacancy-sections sequence 2, found vacancy-sections sequence 3")
    );
}

#[test]
fn other_sizes_are_refused() {
    for (from, to) in [
        ("hidden 48", "hidden 64"),
        ("buckets 4096", "buckets 8192"),
        ("feature own_log 5", "feature own_log 6"),
    ] {
        let refusal = error(&with(from, to));
        assert!(
            refusal.contains(&format!("expected {from}, found {to}")),
            "{refusal}"
        );
    }
}

#[test]
fn numbers_that_cannot_be_weights_are_refused() {
    for number in [f32::NAN, f32::INFINITY, -1e7] {
        let mut table = TABLE.to_vec();
        let at = table.len() - size_of::<f32>();
        table[at..].copy_from_slice(&number.to_le_bytes());
        let refusal = error(&table);
        assert!(
            refusal.contains("decide: expected numbers up to 1000"),
            "{refusal}"
        );
    }
}

#[test]
fn a_table_that_ends_early_or_goes_on_is_refused() {
    for text in ["", "garbage", "\u{0}\u{1}", FIRST_LINE] {
        assert!(error(text.as_bytes()).contains("its end"), "{text:?}");
    }
    assert!(error(&[0xff, b'\n']).contains("a line that is no text"));
    for part in [3, 10, 100] {
        let cut = &TABLE[..TABLE.len() - TABLE.len() / part];
        assert!(error(cut).contains("bytes, found"), "{part}");
    }
    let longer = [TABLE, b"x"].concat();
    assert!(error(&longer).contains("expected no more bytes, found 1 bytes more"));
}

#[test]
fn a_threshold_beyond_one_is_refused() {
    let at = TABLE
        .windows(14)
        .position(|window| window == b"junk_threshold")
        .unwrap();
    for found in [
        "junk_threshold 1.5\n",
        "junk_threshold x\n",
        "threshold 0.5\n",
    ] {
        let table = [&TABLE[..at], found.as_bytes()].concat();
        assert!(error(&table).contains("from 0 to 1"), "{found}");
    }
}
