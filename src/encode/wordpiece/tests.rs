use proptest::prelude::*;

use super::*;
use crate::encode::plain::Parts;

fn encoder(variant: &str) -> crate::Result<WordPieceEncoder> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/encoder");
    WordPieceEncoder::from_dir(dir.join(variant))
}

#[test]
fn only_bert_normalizers_and_pre_tokenizers_have_seams() -> crate::Result<()> {
    for (variant, seams) in [("uncased", true), ("cased", true), ("plain", false)] {
        assert_eq!(
            encoder(variant)?.tokenizer.seams.is_some(),
            seams,
            "{variant}"
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn segments_change_nothing(
        parts in prop::collection::vec(
            prop_oneof![
                any::<char>().prop_map(String::from),
                prop::sample::select(vec![
                    " ", "\u{a0}", "\n", "\u{85}", "\u{b}", "\u{301}", "\u{200d}", "[SEP]", "[MASK]", "[", "]", "<phone>",
                    "<", "Node.js", ".", "_", ",", "Ёмкость", "[extra]", "字", "ё", "a", "B", "опыт", "7", "-", "\u{0}", "«",
                ])
                .prop_map(str::to_owned),
            ],
            0..40,
        ),
        segment in 0_usize..24,
    ) {
        let text = parts.concat();
        for variant in ["uncased", "cased", "defaults"] {
            let tokenizer = encoder(variant)?.tokenizer;
            prop_assert_eq!(tokenizer.pieces(&text, segment)?, tokenizer.pieces(&text, usize::MAX)?);
        }
    }
}

/// What the library alone makes of a text.
fn by_the_library(tokenizer: &WordPieceTokenizer, text: &str) -> Pieces {
    let mut pieces = Pieces::default();
    tokenizer.add_pieces(text, &mut pieces).unwrap();
    pieces
}

fn plainly(tokenizer: &WordPieceTokenizer, text: &str) -> Option<Pieces> {
    let parts = Parts::new(&tokenizer.tokenizer, tokenizer.normalizer.as_ref())?;
    let mut pieces = Pieces::default();
    let read = tokenizer.plain.add_pieces(parts, text, &mut pieces);
    read.then_some(pieces)
}

#[test]
fn every_character_is_read_as_the_library_reads_it() -> crate::Result<()> {
    for variant in ["uncased", "cased", "defaults"] {
        let tokenizer = encoder(variant)?.tokenizer;
        let mut read = 0;
        for c in '\0'..=char::MAX {
            let text = format!("о{c}т{c}{c} {c}");
            if let Some(found) = plainly(&tokenizer, &text) {
                read += 1;
                assert_eq!(found, by_the_library(&tokenizer, &text), "{variant}: {c:?}");
            }
        }
        assert!(read > 4_000, "{variant}: only {read} characters");
    }
    Ok(())
}

#[test]
fn ordinary_texts_are_read_without_the_library() -> crate::Result<()> {
    let tokenizer = encoder("uncased")?.tokenizer;
    for text in [
        "Опыт от 3\u{a0}лет — C++, «Ёлка»; №\u{ad}5 ✅",
        "",
        &"ж".repeat(101),
    ] {
        assert_eq!(
            plainly(&tokenizer, text),
            Some(by_the_library(&tokenizer, text)),
            "{text:?}"
        );
    }
    // An added token may begin, and the other characters depend on their neighbours.
    for text in ["[SEP]", "字", "\u{302e}"] {
        assert_eq!(plainly(&tokenizer, text), None, "{text:?}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn plain_reading_changes_nothing(
        parts in prop::collection::vec(
            prop_oneof![
                prop::char::range('\0', '\u{5ff}').prop_map(String::from),
                prop::char::range('\u{2000}', '\u{27ff}').prop_map(String::from),
                prop::char::range('\u{1f300}', '\u{1faff}').prop_map(String::from),
                prop::sample::select(vec![
                    " ", "\u{a0}", "\u{301}", "\u{308}", "и\u{306}", "опыт", "работы", "##", "лет", "й", "Ё", "İ", "ß", "µ",
                    "Å", "требования", "developer", "1", ".", "extra", "node", "\u{fe0f}",
                ])
                .prop_map(str::to_owned),
            ],
            0..40,
        ),
    ) {
        let text = parts.concat();
        for variant in ["uncased", "cased", "defaults"] {
            let tokenizer = encoder(variant)?.tokenizer;
            if let Some(found) = plainly(&tokenizer, &text) {
                prop_assert_eq!(found, by_the_library(&tokenizer, &text));
            }
        }
    }
}

/// With the normalizer of the file itself, pieces and words are those of `Tokenizer::encode`.
#[test]
fn pieces_are_those_of_the_library() -> Result<(), Box<dyn std::error::Error>> {
    for variant in ["uncased", "plain"] {
        let tokenizer = encoder(variant)?.tokenizer;
        for text in [
            "",
            "Опыт работы с C++, Node.js [SEP] от 3\u{a0}лет",
            "字ё\u{301}-🚀",
        ] {
            let expected = tokenizer
                .tokenizer
                .encode(text, false)
                .map_err(|e| e.to_string())?;
            let found = tokenizer.pieces(text, SEGMENT)?;
            let ids: Vec<i32> = expected.get_ids().iter().map(|&id| id as i32).collect();
            let words = expected.get_word_ids();
            let starts: Vec<usize> = (0..words.len())
                .filter(|&at| at == 0 || words[at] != words[at - 1])
                .collect();
            assert_eq!(
                (found.ids, found.word_starts),
                (ids, starts),
                "{variant}: {text:?}"
            );
        }
    }
    Ok(())
}
