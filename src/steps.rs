//! Counts units of work, mostly characters looked at, so that a test can show that the work on a text
//! is linear whatever clock and machine say.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// The units of work that `run` takes on this thread.
pub(crate) fn of(run: impl FnOnce()) -> u64 {
    let before = STEPS.get();
    run();
    STEPS.get() - before
}

pub(crate) fn add(units: usize) {
    STEPS.set(STEPS.get() + units as u64);
}

#[cfg(test)]
mod tests {
    use crate::document::Document;
    use crate::testing::{MockSession, WordEncoder};
    use crate::{MajorityVote, SectionClassifier};

    /// Twice the text takes at most twice the work, and a bounded number of units for each byte.
    fn is_linear(piece: &str, per_byte: u64, work: impl Fn(&str)) {
        let steps = |times: usize| {
            let text = piece.repeat(times);
            (super::of(|| work(&text)), text.len() as u64)
        };
        let (once, bytes) = steps(4_000);
        let (twice, _) = steps(8_000);
        assert!(once > 0, "{piece:?} is not counted");
        assert!(
            twice <= 2 * once + once / 20 + ENDS,
            "{piece:?}: {once}, {twice}"
        );
        assert!(
            once <= per_byte * bytes,
            "{piece:?}: {once} for {bytes} bytes"
        );
    }

    /// What the ends of a text may cost: the last segment of the encoder is not looked through.
    const ENDS: u64 = 5_000;

    const PIECES: [&str; 22] = [
        "слово ",
        "\u{301}",
        "• ",
        "•",
        "•   \u{fe0f}",
        "- а ",
        "1) ",
        "1) а 2) б ",
        "1",
        "12. ",
        ": ",
        "Обязанности: ",
        "Мы предлагаем длинную строку без точки, в которой много слов: ",
        "Что мы ждём ",
        "\n",
        "а\r\n",
        "а  ",
        "   ",
        "\u{200b}",
        "a.",
        "«",
        "(—)",
    ];

    #[test]
    fn plain_documents_take_linear_work() {
        for piece in PIECES {
            is_linear(piece, 100, |text| drop(Document::from_plain(text)));
        }
    }

    #[cfg(feature = "html")]
    #[test]
    fn html_documents_take_linear_work() {
        for piece in [
            "<b>а",
            "<p>а",
            "<li>а",
            "<ul><li>а",
            "<pre>а\n",
            "<h2>а",
            "&amp;",
            "&nbsp;а",
            "а<br>",
            "а</b>",
            "а<!-- -->",
            "а<i>• ",
        ] {
            is_linear(piece, 100, |text| drop(Document::from_html(text)));
        }
    }

    /// All stages but the model; the chunker counts for itself.
    #[test]
    fn vacancies_take_linear_work() {
        let classifier = SectionClassifier::builder()
            .session(MockSession::new(8, |_| [0.0; 5]))
            .encoder(WordEncoder::new(8))
            .aggregator(MajorityVote)
            .build()
            .unwrap();
        for piece in ["слово. ", "а\n", "• а ", "А! б? ", "\u{301}."] {
            is_linear(piece, 100, |text| {
                classifier.classify_vacancy(text).unwrap();
            });
        }
    }

    /// Features and network of the sequence aggregator: many fragments of a block, many blocks, headings.
    #[test]
    fn decoding_takes_linear_work() {
        let classifier = SectionClassifier::builder()
            .session(MockSession::new(8, |ids| {
                [ids.len() as f32, 0.0, 2.0, 0.0, 1.0]
            }))
            .encoder(WordEncoder::new(8))
            .build()
            .unwrap();
        for piece in [
            "слово. ",
            "а\n",
            "• а ",
            "Требования:\n- а\n",
            "Опыт: а б\n",
        ] {
            is_linear(piece, 400, |text| {
                classifier.classify_vacancy(text).unwrap();
            });
        }
    }

    #[cfg(feature = "model")]
    #[test]
    fn encoding_takes_linear_work() {
        use crate::encode::Encoder;
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/encoder/uncased");
        let encoder = crate::WordPieceEncoder::from_dir(folder).unwrap();
        for piece in [
            "слово ",
            "\u{301}",
            "а",
            "[SEP]",
            "-",
            "中",
            "\u{200d}",
            "а_",
        ] {
            is_linear(piece, 100, |text| drop(encoder.encode(text).unwrap()));
        }
    }
}
