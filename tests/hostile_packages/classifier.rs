//! What only shows when a package meets an encoder and a fragment.

use vacancy_sections::{
    ClassifierBuilder, Encoder, Encoding, Error, MlPackage, PortableSession, Result,
    SectionClassifier, Window,
};

use crate::sound::{Files, WEIGHTS, tiny, with};
use crate::weights::DATA;

/// Gives every fragment the ids 1, 2, 3.
struct Ids {
    vocab_size: usize,
}

impl Encoder for Ids {
    fn encode(&self, _: &str) -> Result<Encoding> {
        Ok(Encoding::new(vec![Window::new(vec![1, 2, 3])]))
    }
    fn max_seq_len(&self) -> usize {
        8
    }
    fn vocab_size(&self) -> usize {
        self.vocab_size
    }
    fn pad_id(&self) -> i32 {
        0
    }
}

fn builder(files: Files, vocab_size: usize) -> ClassifierBuilder {
    let session = PortableSession::new(&MlPackage::from_files(files).unwrap()).unwrap();
    SectionClassifier::builder()
        .session(session)
        .encoder(Ids { vocab_size })
}

/// Masks hold infinities for good reasons, so that they are not refused when a package is read.
#[test]
fn infinite_weights_are_reported_with_the_fragment() {
    let texts = ["Опыт", "Оклад"];
    let sound = builder(tiny(), 16).build().unwrap();
    assert_eq!(sound.classify_fragments(&texts).unwrap().len(), 2);

    for half in [0x7C00_u16, 0xFC00] {
        let infinite = with(WEIGHTS, |bytes| {
            let (table, _) = bytes[DATA..DATA + 256].as_chunks_mut();
            table.fill(half.to_le_bytes());
        });
        let classifier = builder(infinite, 16).build().unwrap();
        let error = classifier.classify_fragments(&texts).unwrap_err();
        assert!(
            matches!(error, Error::NonFiniteLogits { index: 0, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("fragment 0"), "{error}");
    }
}

#[test]
fn an_embedding_table_smaller_than_the_vocabulary_is_refused() {
    let error = builder(tiny(), 17).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot build the classifier: the tokenizer does not match the model: its ids reach 16, the \
         embedding table has 16 rows"
    );
}
