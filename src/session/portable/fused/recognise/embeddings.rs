//! The sum of the embeddings.

use std::sync::Arc;

use super::Recognised;
use super::program::Program;
use crate::session::portable::fused::weights::{Embeddings, Table};
use crate::session::portable::graph::ValueId;
use crate::session::portable::ops::{Arithmetic, Op};
use crate::session::portable::tensor::Dense;

/// Most summands that are looked at.
const MOST: usize = 16;

/// `norm(words[ids] + types[kinds] + constants)`, with or without a linear layer over it.
pub(super) fn embeddings(program: &Program<'_>, value: ValueId) -> Recognised<Embeddings> {
    let value = program.strip(value);
    let projection = program.product(value);
    let normalised = projection.map_or(value, |product| program.strip(product.input));
    let (norm, sum) = program.norm(normalised).ok_or_else(|| {
        format!(
            "expected the LayerNorm of embeddings, found {}",
            program.describe(normalised)
        )
    })?;
    let width = program
        .states_width(sum)
        .ok_or_else(|| format!("embeddings of shape {:?}", program.shape(sum)))?;

    let (mut words, mut types) = (None, None);
    let mut positions = vec![0.0; program.seq_len * width];
    let mut open = vec![sum];
    while let Some(value) = open.pop() {
        let value = program.strip(value);
        let unknown = || {
            format!(
                "expected an embedding of token ids, token types or positions, found {}",
                program.describe(value)
            )
        };
        if let Some(constant) = program.floats(value) {
            add_constant(&mut positions, constant, [1, program.seq_len, width])
                .ok_or_else(unknown)?;
            continue;
        }
        let node = program.node(value).ok_or_else(unknown)?;
        match (&node.op, &node.inputs[..]) {
            (Op::Arithmetic(Arithmetic::Add), &[x, y]) if open.len() < MOST => {
                open.extend([x, y]);
            }
            (Op::Gather(gather), &[table, indices])
                if gather.axis == 0 && gather.batch_dims == 0 =>
            {
                let table = program
                    .floats(table)
                    .filter(|table| table.shape().last() == Some(&width))
                    .filter(|table| table.shape().len() == 2)
                    .ok_or_else(unknown)?;
                let rows = table.data().len() / width.max(1);
                let looked_up = Some(program.strip_indices(indices, rows));
                let place = if looked_up == program.ids {
                    &mut words
                } else if looked_up == program.types {
                    &mut types
                } else {
                    return Err(unknown());
                };
                if place.is_some() {
                    return Err("two embeddings of one input".to_owned());
                }
                *place = Some(Table {
                    values: table.shared(),
                    width,
                });
            }
            _ => return Err(unknown()),
        }
    }
    Ok(Embeddings {
        words: words.ok_or("no embedding of the token ids")?,
        positions: Table {
            values: Arc::new(positions),
            width,
        },
        types,
        norm,
        projection: projection.map(|product| product.linear()),
    })
}

/// Adds a constant, stretched to this shape.
fn add_constant(sum: &mut [f32], constant: &Dense<f32>, shape: [usize; 3]) -> Option<()> {
    let stretched = constant.stretched(&shape).ok()?;
    for (sum, value) in sum.iter_mut().zip(stretched.iter()) {
        *sum += value;
    }
    Some(())
}
