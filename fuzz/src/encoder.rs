//! The encoder: windows that fit, ids of the vocabulary, nothing lost; damaged tokenizer files are
//! errors.

use std::sync::LazyLock;

use vacancy_sections::{Encoder, Error, Overflow, WordPieceEncoder};

use super::bytes::{Bytes, text};

macro_rules! fixture {
    ($name:literal) => {
        (
            include_bytes!(concat!(
                "../../tests/data/encoder/",
                $name,
                "/tokenizer.json"
            ))
            .as_slice(),
            include_bytes!(concat!(
                "../../tests/data/encoder/",
                $name,
                "/tokenizer_config.json"
            ))
            .as_slice(),
        )
    };
}

const FIXTURES: [(&[u8], &[u8]); 4] = [
    fixture!("uncased"),
    fixture!("cased"),
    fixture!("defaults"),
    fixture!("plain"),
];

static ENCODERS: LazyLock<Vec<WordPieceEncoder>> = LazyLock::new(|| {
    FIXTURES
        .map(|(tokenizer, config)| {
            WordPieceEncoder::from_bytes(tokenizer, config).expect("the fixtures are sound")
        })
        .to_vec()
});

/// Longer than any text that a fuzzer makes.
const WHOLE: usize = 1 << 24;

pub fn check(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let mode = bytes.byte() % 8;
    let which = usize::from(mode % 4);
    if mode < 6 {
        let length = 3 + bytes.index(140);
        windows(&ENCODERS[which], length, &text(bytes.rest()));
        return;
    }
    let (tokenizer, config) = FIXTURES[0];
    let result = if mode == 6 {
        WordPieceEncoder::from_bytes(bytes.rest(), config)
    } else {
        WordPieceEncoder::from_bytes(tokenizer, bytes.rest())
    };
    match result {
        Ok(encoder) => {
            if let Err(error) = encoder.encode("Опыт работы с Python от 3 лет [SEP]")
            {
                assert!(matches!(error, Error::Tokenizer { .. }), "{error}");
            }
        }
        Err(Error::Tokenizer { file, reason }) => {
            let expected = ["tokenizer.json", "tokenizer_config.json"];
            assert!(expected.contains(&file.as_str()), "{file}: {reason}");
            assert!(!reason.is_empty());
        }
        Err(other) => panic!("{other}"),
    }
}

fn windows(encoder: &WordPieceEncoder, length: usize, text: &str) {
    let whole = encoder
        .clone()
        .with_max_seq_len(WHOLE)
        .and_then(|encoder| encoder.encode(text))
        .expect("any text is encoded");
    let [whole] = whole.windows.as_slice() else {
        panic!("{} windows of {WHOLE} tokens", whole.windows.len());
    };
    let [cls, pieces @ .., sep] = whole.input_ids.as_slice() else {
        panic!("a window without its two special tokens");
    };
    let vocabulary = 0..i32::try_from(encoder.vocab_size()).expect("ids are 32-bit");
    assert!(whole.input_ids.iter().all(|id| vocabulary.contains(id)));

    let encoder = encoder
        .clone()
        .with_max_seq_len(length)
        .expect("3 tokens or more");
    let split = encoder.encode(text).expect("any text is encoded");
    let mut joined = Vec::new();
    for window in &split.windows {
        assert!(
            window.input_ids.len() <= length,
            "{} tokens",
            window.input_ids.len()
        );
        assert_eq!(window.input_ids.len(), window.token_type_ids.len());
        let [first, inner @ .., last] = window.input_ids.as_slice() else {
            panic!("a window without its two special tokens");
        };
        assert_eq!((first, last), (cls, sep));
        joined.extend_from_slice(inner);
    }
    assert_eq!(joined, pieces, "windows lose or repeat pieces");

    let cut = encoder.clone().with_overflow(Overflow::Truncate);
    let cut = cut.encode(text).expect("any text is encoded");
    let kept = &pieces[..pieces.len().min(length - 2)];
    assert_eq!(cut.windows[0].input_ids[1..=kept.len()], *kept);
    assert_eq!(cut.truncated, kept.len() < pieces.len());

    let strict = encoder.with_overflow(Overflow::Error).encode(text);
    assert_eq!(strict.is_ok(), pieces.len() <= length - 2);
}
