//! The WordPiece encoder gives the ids of transformers' `AutoTokenizer`, and windows lose nothing.
#![cfg(feature = "model")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;
use serde::Deserialize;
use vacancy_sections::{Encoder, Encoding, Error, Overflow, Result, WordPieceEncoder};

type TestResult = std::result::Result<(), Box<dyn std::error::Error>>;

/// What `scripts/encoder_fixtures.py` writes.
#[derive(Deserialize)]
struct Fixture {
    max_length: usize,
    vocab_size: usize,
    cls: i32,
    sep: i32,
    pad: i32,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    text: String,
    /// Truncated, special tokens included, not padded.
    ids: Vec<i32>,
    /// Everything between the special tokens, when that is more than fits.
    pieces: Option<Vec<i32>>,
    word_starts: Option<Vec<usize>>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn uncased() -> Result<WordPieceEncoder> {
    WordPieceEncoder::from_dir(root().join("tests/data/encoder/uncased"))
}

/// Each tokenizer directory of the test data with its fixture, and the embedded tokenizer with its
/// own if that has been made.
fn fixtures() -> std::result::Result<Vec<(PathBuf, Fixture)>, Box<dyn std::error::Error>> {
    let data = root().join("tests/data/encoder");
    let mut pairs = Vec::new();
    for entry in std::fs::read_dir(&data)? {
        let dir = entry?.path();
        if dir.is_dir() {
            pairs.push((dir.clone(), dir.join("fixture.json")));
        }
    }
    let embedded = data.join("assets.json");
    if embedded.is_file() {
        pairs.push((root().join("assets"), embedded));
    }
    pairs.sort();
    pairs
        .into_iter()
        .map(|(dir, file)| Ok((dir, serde_json::from_slice(&std::fs::read(file)?)?)))
        .collect()
}

#[test]
fn ids_mask_and_types_equal_auto_tokenizer() -> TestResult {
    let fixtures = fixtures()?;
    assert!(fixtures.len() >= 4);
    for (dir, fixture) in fixtures {
        let encoder = WordPieceEncoder::from_dir(&dir)?
            .with_max_seq_len(fixture.max_length)?
            .with_overflow(Overflow::Truncate);
        assert_eq!(encoder.pad_id(), fixture.pad, "{}", dir.display());
        assert_eq!(
            encoder.vocab_size(),
            fixture.vocab_size,
            "{}",
            dir.display()
        );
        assert!(fixture.cases.len() >= 100, "{}", dir.display());
        for case in &fixture.cases {
            let encoding = encoder.encode(&case.text)?;
            let [window] = encoding.windows.as_slice() else {
                return Err(format!("{}: {:?}: not one window", dir.display(), case.text).into());
            };
            let padding = fixture.max_length - case.ids.len();
            let ids = [case.ids.clone(), vec![fixture.pad; padding]].concat();
            let mask = [vec![1; case.ids.len()], vec![0; padding]].concat();
            let types = vec![0; fixture.max_length];
            assert_eq!(
                window.padded(fixture.max_length, encoder.pad_id()),
                (ids, mask, types),
                "{}: {:?}",
                dir.display(),
                case.text
            );
            assert_eq!(encoding.truncated, case.pieces.is_some(), "{:?}", case.text);
        }
    }
    Ok(())
}

#[test]
fn windows_hold_all_pieces_and_end_where_words_end() -> TestResult {
    for (dir, fixture) in fixtures()? {
        let encoder = WordPieceEncoder::from_dir(&dir)?.with_max_seq_len(fixture.max_length)?;
        let mut long = 0;
        for case in &fixture.cases {
            let encoding = encoder.encode(&case.text)?;
            assert!(!encoding.truncated);
            let (Some(pieces), Some(starts)) = (&case.pieces, &case.word_starts) else {
                assert_eq!(encoding.windows.len(), 1, "{:?}", case.text);
                assert_eq!(encoding.windows[0].input_ids, case.ids, "{:?}", case.text);
                continue;
            };
            long += 1;
            let mut found = Vec::new();
            for window in &encoding.windows {
                if !found.is_empty() {
                    assert!(starts.contains(&found.len()), "{:?}", case.text);
                }
                assert!(window.input_ids.len() <= fixture.max_length);
                let [first, content @ .., last] = window.input_ids.as_slice() else {
                    return Err(format!("{:?}: no special tokens", case.text).into());
                };
                assert_eq!((*first, *last), (fixture.cls, fixture.sep));
                assert!(!content.is_empty());
                found.extend_from_slice(content);
            }
            assert_eq!(&found, pieces, "{:?}", case.text);

            let refused = encoder.clone().with_overflow(Overflow::Error);
            assert!(
                matches!(
                    refused.encode(&case.text),
                    Err(Error::FragmentTooLong { index: 0, found, limit })
                        if found == pieces.len() && limit == fixture.max_length - 2
                ),
                "{:?}",
                case.text
            );
        }
        assert!(long > 0, "{}: no long texts", dir.display());
    }
    Ok(())
}

#[test]
fn overflow_error_accepts_what_fits() -> TestResult {
    let encoder = uncased()?.with_overflow(Overflow::Error);
    assert_eq!(encoder.overflow(), Overflow::Error);
    assert_eq!(
        encoder.encode(&"-".repeat(126))?.windows[0].input_ids.len(),
        128
    );
    assert!(encoder.encode(&"-".repeat(127)).is_err());
    Ok(())
}

#[test]
fn a_word_longer_than_a_window_is_read_in_parts() -> TestResult {
    let encoder = uncased()?;
    let whole = encoder.encode("зщшцхзщшцх")?.windows.remove(0).input_ids;
    let narrow = encoder.with_max_seq_len(6)?.encode("зщшцхзщшцх")?;
    let sizes: Vec<usize> = narrow
        .windows
        .iter()
        .map(|window| window.input_ids.len())
        .collect();
    assert_eq!(sizes, [6, 6, 4]);
    assert_eq!(contents(&narrow), whole[1..whole.len() - 1]);
    Ok(())
}

#[test]
fn text_without_visible_characters_is_two_special_tokens() -> TestResult {
    let encoder = uncased()?;
    for text in ["", " \u{a0}\n", "\u{0}\u{200b}\u{feff}"] {
        let encoding = encoder.encode(text)?;
        assert_eq!(encoding.windows.len(), 1, "{text:?}");
        assert_eq!(encoding.windows[0].input_ids, [2, 3], "{text:?}");
    }
    Ok(())
}

#[test]
fn the_model_max_length_of_the_file_lowers_the_default_only() -> TestResult {
    let dir = root().join("tests/data/encoder/uncased");
    let tokenizer = std::fs::read(dir.join("tokenizer.json"))?;
    for (length, expected) in [
        ("512", 128),
        ("128", 128),
        ("64", 64),
        ("2", 128),
        ("1e30", 128),
    ] {
        let config =
            format!(r#"{{"tokenizer_class":"BertTokenizer","model_max_length":{length}}}"#);
        let encoder = WordPieceEncoder::from_bytes(&tokenizer, config.as_bytes())?;
        assert_eq!(encoder.max_seq_len(), expected, "{length}");
    }
    Ok(())
}

#[test]
fn a_clone_and_a_shared_reference_encode_alike() -> TestResult {
    fn check<T: Encoder + Clone + std::fmt::Debug + 'static>(encoder: &T) -> Result<Encoding> {
        let boxed: Box<dyn Encoder> = Box::new(encoder.clone());
        boxed.encode("Опыт работы")
    }
    let encoder = uncased()?;
    assert_eq!(check(&encoder)?, encoder.encode("Опыт работы")?);
    assert!(format!("{encoder:?}").len() < 200, "no vocabulary in Debug");
    Ok(())
}

/// 10 MB in one line: every piece comes out, in windows; a word that long is one unknown token.
#[test]
fn ten_megabytes_in_one_line() -> TestResult {
    let encoder = uncased()?;
    for word in ["опыт, python 3.11; ", "[SEP]...", "字"] {
        let bytes = if word.contains(' ') {
            10_000_000
        } else {
            1_000_000
        };
        let count = bytes / word.len();
        let pieces = contents(&encoder.encode(word)?);
        let found = contents(&encoder.encode(&word.repeat(count))?);
        assert_eq!(found.len(), pieces.len() * count);
        assert!(found.chunks(pieces.len()).all(|chunk| chunk == pieces));
    }
    let encoding = encoder.encode(&"я".repeat(1_000_000))?;
    assert_eq!(encoding.windows[0].input_ids, [2, 1, 3]);
    Ok(())
}

fn contents(encoding: &Encoding) -> Vec<i32> {
    encoding
        .windows
        .iter()
        .flat_map(|window| &window.input_ids[1..window.input_ids.len() - 1])
        .copied()
        .collect()
}

/// Strings of the kinds that tokenizers trip over.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<char>().prop_map(String::from),
        "[а-яё]{1,12}",
        "[ -~]{1,12}",
        prop::sample::select(vec![
            " ",
            "\n",
            "\u{a0}",
            "\u{200d}",
            "\u{301}",
            "\u{308}",
            "ё",
            "[SEP]",
            "[MASK]",
            "<phone>",
            "Node.js",
            "Ёмкость",
            "[extra]",
            "字",
            "🇷🇺",
            "İ",
            "ﬃ",
            "\u{0}",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..60).prop_map(|parts| parts.concat())
}

static VARIANTS: LazyLock<std::result::Result<Vec<WordPieceEncoder>, String>> =
    LazyLock::new(|| {
        ["uncased", "cased", "defaults", "plain"]
            .map(|name| root().join("tests/data/encoder").join(name))
            .iter()
            .map(|dir| WordPieceEncoder::from_dir(dir).map_err(|error| error.to_string()))
            .collect()
    });

proptest! {
    #[test]
    fn any_text_is_encoded_whole(text in text(), max_seq_len in 3_usize..40) {
        let variants = VARIANTS.as_ref().map_err(|error| TestCaseError::fail(error.clone()))?;
        for encoder in variants.iter().cloned() {
            let size = i32::try_from(encoder.vocab_size())?;
            let whole = encoder.clone().with_max_seq_len(100_000)?.encode(&text)?;
            prop_assert_eq!(whole.windows.len(), 1);
            let whole = contents(&whole);
            prop_assert!(whole.iter().all(|id| (0..size).contains(id)));

            let narrow = encoder.with_max_seq_len(max_seq_len)?;
            let split = narrow.encode(&text)?;
            prop_assert!(split.windows.iter().all(|window| window.input_ids.len() <= max_seq_len));
            prop_assert_eq!(contents(&split), whole.clone());

            let cut = narrow.with_overflow(Overflow::Truncate).encode(&text)?;
            let kept = whole.len().min(max_seq_len - 2);
            prop_assert_eq!(contents(&cut), &whole[..kept]);
            prop_assert_eq!(cut.truncated, kept < whole.len());
        }
    }
}
