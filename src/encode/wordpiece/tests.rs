use proptest::prelude::*;

use super::*;

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
