use super::*;
use crate::package::MlPackage;
use crate::session::{BackendInfo, PortableSession};

/// A model of sorts: each logit is a weighted sum of the real ids.
struct Model {
    garble: fn(i32) -> i32,
    spoil: fn(usize, usize, f32) -> f32,
}

impl Model {
    fn sound() -> Self {
        Self {
            garble: |id| id,
            spoil: |_, _, logit| logit,
        }
    }

    fn spoiled(spoil: fn(usize, usize, f32) -> f32) -> Self {
        Self {
            spoil,
            ..Self::sound()
        }
    }
}

impl Session for Model {
    fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits> {
        let (ids, mask) = (inputs.input_ids(), inputs.attention_mask());
        Ok(Logits::from_shape_fn(
            (inputs.rows(), 5),
            |(row, column)| {
                let real = ids.row(row).into_iter().zip(mask.row(row));
                let (sum, count) = real.filter(|(_, real)| **real == 1).fold(
                    (0.0, 0.0),
                    |(sum, count), (&id, _)| {
                        let wave = ((self.garble)(id) as f32 * (0.3 + column as f32)).sin();
                        (sum + wave, count + 1.0)
                    },
                );
                (self.spoil)(row, column, 5.0 * sum / f32::max(count, 1.0))
            },
        ))
    }
    fn max_seq_len(&self) -> usize {
        128
    }
    fn backend(&self) -> BackendInfo {
        BackendInfo::new("sums", "a test")
    }
}

#[test]
fn sequences_fit_the_smallest_vocabulary_and_differ() {
    for (seq_len, vocab_size) in [
        (128, None),
        (128, Some(10)),
        (128, Some(29_564)),
        (16, None),
    ] {
        let sequences = Sequences::new(seq_len, vocab_size);
        let limit = vocab_size.unwrap_or(10) as i32;
        assert!(sequences.ids.iter().all(|&id| (0..limit).contains(&id)));
        for (row, ids) in sequences.ids.outer_iter().enumerate() {
            let real = LENGTHS[row].min(seq_len);
            assert_eq!(sequences.tokens(row), real);
            assert!(ids.iter().take(real).all(|&id| id > 0));
            assert!(ids.iter().skip(real).all(|&id| id == 0));
            for other in row + 1..LENGTHS.len() {
                assert_ne!(ids, sequences.ids.row(other), "rows {row} and {other}");
            }
        }
        for pair in [0, 2, 4, 6] {
            assert_eq!(sequences.mask.row(pair), sequences.mask.row(pair + 1));
        }
    }
}

#[test]
fn sequences_use_the_whole_vocabulary() {
    let sequences = Sequences::new(128, Some(29_564));
    let largest = sequences.ids.iter().max().copied();
    assert!(largest > Some(29_000), "{largest:?}");
}

#[test]
fn a_degenerate_vocabulary_or_length_is_no_panic() {
    for vocab_size in [Some(0), Some(1), Some(usize::MAX)] {
        let sequences = Sequences::new(1, vocab_size);
        assert!(sequences.ids.iter().all(|&id| id >= 1));
    }
    assert_eq!(Sequences::new(0, None).ids.dim(), (LENGTHS.len(), 0));
}

#[test]
fn agreement_is_reported_with_its_difference() {
    let reference = Model::sound();
    let rounded = Model::spoiled(|_, _, logit| logit + 0.01);
    let passed = run(&rounded, Some(&reference), PROBE_BOUND).unwrap();
    let Passed::Agrees(difference) = passed else {
        panic!("{passed:?}")
    };
    assert!((difference - 0.01).abs() < 1e-4);
    assert!(passed.to_string().contains("within 0.0100"), "{passed}");
}

#[test]
fn ids_read_as_zeros_are_caught() {
    let garbled = Model {
        garble: |_| 0,
        ..Model::sound()
    };
    let error = run(&garbled, Some(&Model::sound()), PROBE_BOUND).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("CoreML gave [0.0, 0.0, 0.0, 0.0, 0.0]"),
        "{text}"
    );
    assert!(text.contains("the reference (sums) gave"), "{text}");

    let error = run(&garbled, None, PROBE_BOUND).unwrap_err().to_string();
    assert!(error.contains("depend on the token ids"), "{error}");
}

#[test]
fn ids_reinterpreted_as_floats_are_caught() {
    // The subnormal floats that int32 ids become, truncated back to integers by a gather.
    let garbled = Model {
        garble: |id| f32::from_bits(id as u32) as i32,
        ..Model::sound()
    };
    assert!(run(&garbled, Some(&Model::sound()), PROBE_BOUND).is_err());
    assert!(run(&garbled, None, PROBE_BOUND).is_err());
}

#[test]
fn a_single_wrong_logit_is_caught() {
    let wrong = Model::spoiled(|row, column, logit| {
        if (row, column) == (6, 3) {
            logit + 0.06
        } else {
            logit
        }
    });
    let error = run(&wrong, Some(&Model::sound()), PROBE_BOUND).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("sequence 6 of 128 tokens"), "{text}");
    assert!(run(&wrong, Some(&Model::sound()), 0.1).is_ok());
}

#[test]
fn a_value_that_is_not_finite_is_caught_with_and_without_a_reference() {
    for spoil in [
        (|_, _, _| f32::NAN) as fn(usize, usize, f32) -> f32,
        |row, _, logit| if row == 1 { f32::INFINITY } else { logit },
    ] {
        let wrong = Model::spoiled(spoil);
        for reference in [Some(&Model::sound() as &dyn Session), None] {
            let error = run(&wrong, reference, f32::INFINITY).unwrap_err();
            assert!(error.to_string().contains("finite"), "{error}");
        }
    }
}

#[test]
fn another_best_section_is_caught_even_within_a_wide_bound() {
    let logits = |values: [f32; 5]| Logits::from_shape_vec((1, 5), values.to_vec()).unwrap();
    let sequences = Sequences::new(128, None);
    let compare = |found, expected, bound| compare(&sequences, found, expected, "sums", bound);

    let expected = logits([1.0, 0.8, 0.0, 0.0, 0.0]);
    let swapped = logits([0.8, 0.95, 0.0, 0.0, 0.0]);
    let error = compare(&swapped, &expected, 0.5).unwrap_err().to_string();
    assert!(
        error.contains("expected column 0 to be the largest, found column 1"),
        "{error}"
    );
    assert!(error.contains("0.95"), "{error}");

    // Where the reference itself wavers, rounding may swap the two.
    let near_tie = logits([1.0, 0.99, 0.0, 0.0, 0.0]);
    let swapped = logits([0.98, 1.0, 0.0, 0.0, 0.0]);
    assert!(compare(&swapped, &near_tie, PROBE_BOUND).is_ok());
}

#[test]
fn a_single_prediction_that_differs_from_the_batch_is_caught() {
    struct Single(Model);
    impl Session for Single {
        fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits> {
            let logits = self.0.run(inputs)?;
            Ok(if inputs.rows() == 1 {
                logits + 1.0
            } else {
                logits
            })
        }
        fn max_seq_len(&self) -> usize {
            128
        }
        fn backend(&self) -> BackendInfo {
            self.0.backend()
        }
    }
    let error = run(&Single(Model::sound()), Some(&Model::sound()), PROBE_BOUND).unwrap_err();
    assert!(error.to_string().contains("sequence 0"), "{error}");
}

#[test]
fn a_session_of_another_shape_is_an_error() {
    struct Narrow;
    impl Session for Narrow {
        fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits> {
            Ok(Logits::zeros((inputs.rows(), 4)))
        }
        fn max_seq_len(&self) -> usize {
            128
        }
        fn backend(&self) -> BackendInfo {
            BackendInfo::new("narrow", "a test")
        }
    }
    let error = run(&Narrow, None, PROBE_BOUND).unwrap_err().to_string();
    assert!(error.contains("expected logits of shape"), "{error}");
    let error = run(&Model::sound(), Some(&Narrow), PROBE_BOUND).unwrap_err();
    assert!(
        error.to_string().contains("the reference (narrow)"),
        "{error}"
    );
}

/// A session whose inputs or logits are changed on the way.
struct Spoiled<'a> {
    inner: &'a dyn Session,
    id: fn(i32) -> i32,
    mask: fn(i32) -> i32,
    logit: fn(f32) -> f32,
}

impl<'a> Spoiled<'a> {
    fn sound(inner: &'a dyn Session) -> Self {
        Self {
            inner,
            id: |id| id,
            mask: |mask| mask,
            logit: |logit| logit,
        }
    }
}

impl Session for Spoiled<'_> {
    fn run(&self, inputs: SessionInputs<'_>) -> Result<Logits> {
        let ids = inputs.input_ids().mapv(self.id);
        let mask = inputs.attention_mask().mapv(self.mask);
        let inputs = SessionInputs::new(ids.view(), mask.view(), inputs.token_type_ids())?;
        Ok(self.inner.run(inputs)?.mapv(self.logit))
    }
    fn max_seq_len(&self) -> usize {
        self.inner.max_seq_len()
    }
    fn backend(&self) -> BackendInfo {
        self.inner.backend()
    }
    fn vocab_size(&self) -> Option<usize> {
        self.inner.vocab_size()
    }
}

/// The sequences must tell real models apart from garbled ones, not only the sums above.
#[test]
fn on_real_packages_float16_passes_and_garbled_inputs_do_not() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in [
        "assets/section_classifier",
        "tests/data/packages/bert_sdpa_tanh",
        "tests/data/packages/distilbert_sdpa",
        "tests/data/packages/electra_projection",
    ] {
        let package = MlPackage::open(root.join(format!("{name}.mlpackage"))).unwrap();
        let portable = PortableSession::new(&package).unwrap();
        let probe = |spoiled: Spoiled<'_>| run(&spoiled, Some(&portable), PROBE_BOUND);
        let sound = || Spoiled::sound(&portable);

        let rounded = probe(Spoiled {
            logit: |logit| half::f16::from_f32(logit).to_f32(),
            ..sound()
        });
        assert!(
            matches!(rounded, Ok(Passed::Agrees(_))),
            "{name}: {rounded:?}"
        );

        let zeros = probe(Spoiled {
            id: |_| 0,
            ..sound()
        });
        assert!(zeros.is_err(), "{name}: ids read as zeros");
        let off_by_one = probe(Spoiled {
            id: |id| (id - 1).max(0),
            ..sound()
        });
        assert!(off_by_one.is_err(), "{name}: ids shifted");
        let unmasked = probe(Spoiled {
            mask: |_| 1,
            ..sound()
        });
        assert!(unmasked.is_err(), "{name}: the mask read as ones");
        let halved = probe(Spoiled {
            logit: |logit| logit / 2.0,
            ..sound()
        });
        assert!(halved.is_err(), "{name}: logits of another scale");
    }
}
