use proptest::prelude::*;

use super::super::features::WIDTH;
use super::super::words::BUCKETS;
use super::*;
use crate::aggregate::ScoredFragment;
use crate::prediction::Probabilities;

/// A network of numbers that are not learned: xorshift64.
fn network(seed: u64) -> Network {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    };
    let words = (0..BUCKETS * HIDDEN)
        .map(|_| (127.0 * next()) as i8)
        .collect();
    let mut linear = |inputs: usize, outputs: usize| Linear {
        weights: Array2::from_shape_fn((inputs, outputs), |_| next() / (inputs as f32).sqrt()),
        bias: Array1::from_shape_fn(outputs, |_| next()),
    };
    Network {
        words,
        word_scale: 0.01,
        read: linear(WIDTH, HIDDEN),
        first: linear(HIDDEN, 4 * HIDDEN),
        mix: linear(3 * HIDDEN, HIDDEN),
        second: linear(HIDDEN, 4 * HIDDEN),
        gather: linear(3 * HIDDEN, HIDDEN),
        decide: linear(HIDDEN, CLASSES),
    }
}

/// The definition, number by number, in `f64`.
mod definition {
    use super::*;

    fn linear(layer: &Linear, x: &[f64]) -> Vec<f64> {
        (0..layer.bias.len())
            .map(|output| {
                let terms = x.iter().enumerate();
                let sum: f64 = terms
                    .map(|(i, x)| x * f64::from(layer.weights[[i, output]]))
                    .sum();
                sum + f64::from(layer.bias[output])
            })
            .collect()
    }

    fn rectified(values: Vec<f64>) -> Vec<f64> {
        values.into_iter().map(|value| value.max(0.0)).collect()
    }

    fn carried(layer: &Linear, vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let parts: Vec<_> = vectors.iter().map(|x| linear(layer, x)).collect();
        let walk = |gate: usize, candidate: usize, order: Vec<usize>| {
            let mut state = vec![0.0; HIDDEN];
            let mut states = vec![Vec::new(); parts.len()];
            for row in order {
                for (k, state) in state.iter_mut().enumerate() {
                    let gate = parts[row][gate * HIDDEN + k];
                    let keep = 0.5 * (1.0 + gate / (1.0 + gate.abs()));
                    *state = keep * *state + (1.0 - keep) * parts[row][candidate * HIDDEN + k];
                }
                states[row].clone_from(&state);
            }
            states
        };
        let forwards = walk(0, 2, (0..parts.len()).collect());
        let backwards = walk(1, 3, (0..parts.len()).rev().collect());
        (0..parts.len())
            .map(|row| [&vectors[row][..], &forwards[row], &backwards[row]].concat())
            .collect()
    }

    pub(super) fn classes(network: &Network, evidence: &Evidence) -> Vec<Vec<f64>> {
        let vectors: Vec<Vec<f64>> = (0..evidence.len())
            .map(|index| {
                let mut features = vec![0.0; WIDTH];
                evidence.visit(index, |feature, value| features[feature] = f64::from(value));
                let mut vector = linear(&network.read, &features);
                let words = evidence.words(index);
                for (k, value) in vector.iter_mut().enumerate() {
                    let row = |word: &usize| f64::from(network.words[word * HIDDEN + k]);
                    let sum: f64 = words.iter().map(row).sum();
                    *value += f64::from(network.word_scale) * sum / words.len().max(1) as f64;
                }
                rectified(vector)
            })
            .collect();
        let mixed: Vec<_> = carried(&network.first, &vectors)
            .iter()
            .map(|x| rectified(linear(&network.mix, x)))
            .collect();
        carried(&network.second, &mixed)
            .iter()
            .map(|x| {
                let logits = linear(&network.decide, &rectified(linear(&network.gather, x)));
                let total: f64 = logits.iter().map(|logit| logit.exp()).sum();
                logits.iter().map(|logit| logit.exp() / total).collect()
            })
            .collect()
    }
}

fn texts() -> impl Strategy<Value = Vec<(usize, String, [f32; 5])>> {
    let words = prop::sample::select(vec![
        "опыт",
        "SQL",
        "Мы предлагаем:",
        "•",
        "ДМС.",
        "+7 900 000-00-00",
        "",
        "ждём вас!",
    ]);
    let text = prop::collection::vec(words, 0..6).prop_map(|words| words.join(" "));
    let weights = prop::array::uniform5(1e-4_f32..1.0);
    prop::collection::vec((0..2_usize, text, weights), 1..20)
}

proptest! {
    #[test]
    fn classes_follow_the_definition(rows in texts(), seed in any::<u64>()) {
        let mut block = 0;
        let fragments: Vec<_> = rows
            .iter()
            .map(|(step, text, weights)| {
                block += step;
                ScoredFragment::new(block, text, Probabilities::from_weights(*weights).unwrap())
            })
            .collect();
        let evidence = Evidence::new(&fragments);
        let network = network(seed);
        let found = network.classes(&evidence);
        let expected = definition::classes(&network, &evidence);
        prop_assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            prop_assert!((f64::from(*found) - expected).abs() < 1e-4, "{found} {expected}");
        }
    }
}

/// What stands in one piece is not seen from the next.
#[test]
fn long_texts_are_read_piece_by_piece() {
    let even = Probabilities::from_weights([1.0; 5]).unwrap();
    let rows = |count: usize| -> Vec<ScoredFragment<'static>> {
        let text = |index: usize| {
            if index.is_multiple_of(7) {
                "Условия:"
            } else {
                "опыт с SQL"
            }
        };
        (0..count)
            .map(|index| ScoredFragment::new(index, text(index), even))
            .collect()
    };
    let network = network(3);
    let whole = rows(2 * PIECE + 10);
    let found = network.classes(&Evidence::new(&whole));
    assert_eq!(found.len(), whole.len());
    // The features of a fragment tell its place in the whole text, so the pieces are compared by
    // what the network makes of the same vectors.
    let evidence = Evidence::new(&whole);
    let second = network.logits(&network.vectors(&evidence, PIECE, 2 * PIECE));
    for (row, classes) in second.rows().into_iter().zip(&found[PIECE..2 * PIECE]) {
        let mut logits = [0.0; CLASSES];
        logits
            .iter_mut()
            .zip(row)
            .for_each(|(to, from)| *to = *from);
        assert_eq!(softmax(logits), *classes);
    }
}
