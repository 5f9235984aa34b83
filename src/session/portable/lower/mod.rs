//! An ML Program → a [`Graph`].
//!
//! Everything that can be wrong with a program is found here, before anything runs: names, order,
//! types, shapes, operations and their arguments. What depends on constants only is evaluated once.

mod builder;
mod call;
mod compressed;
mod constant;
mod elementwise;
mod layout;
mod limits;
mod numeric;
mod types;

use std::collections::HashSet;

use coreml_proto::proto::mil_spec::value::BlobFileValue;
use coreml_proto::proto::mil_spec::{Block, Function, Operation, Program};

use self::builder::{Builder, Operand};
use self::call::Call;
pub(super) use self::limits::Limits;
use super::graph::{Graph, Place, ValueId};
use crate::error::{Error, Result};
use crate::package::Blob;

/// The function that is run.
const MAIN: &str = "main";

/// Where the weights that a program refers to come from.
pub(super) type Blobs<'a> = &'a dyn Fn(&BlobFileValue) -> Result<Blob<'a>>;

/// Why an operation cannot be lowered; the place is added by [`Builder::at`].
enum Problem {
    /// It is right, for all we know, but we do not have it.
    Unsupported(String),
    /// It is wrong.
    Invalid(String),
    /// A file is damaged.
    Damaged(Error),
}

impl From<String> for Problem {
    fn from(reason: String) -> Self {
        Self::Invalid(reason)
    }
}

impl From<&str> for Problem {
    fn from(reason: &str) -> Self {
        Self::Invalid(reason.to_owned())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Damaged(error)
    }
}

type Lowered<T> = std::result::Result<T, Problem>;

/// Lowers the function `main` of the program of this file to the nodes that its output of this name
/// needs.
///
/// # Errors
///
/// [`Error::UnsupportedOp`] for an operation, or a form of one, that is not among ours;
/// [`Error::Op`] for an operation that cannot be evaluated; [`Error::Package`] for a program without
/// such a function or output.
pub(super) fn lower<'a>(
    file: &str,
    program: &'a Program,
    output: &str,
    limits: Limits,
    blobs: Blobs<'a>,
) -> Result<Graph> {
    let (function, block) = main_block(file, program)?;
    let defined_later: HashSet<&str> = block
        .operations
        .iter()
        .flat_map(|operation| &operation.outputs)
        .map(|output| output.name.as_str())
        .collect();
    let mut builder = Builder::new(blobs, limits, defined_later);
    if !block.inputs.is_empty() {
        return Err(damaged(file, "the block has inputs of its own".to_owned()));
    }
    for input in &function.inputs {
        let place = Place {
            op: "input".to_owned(),
            at: format!("`{}` of function `{MAIN}`", shown(&input.name)),
        };
        builder
            .input(input)
            .map_err(|problem| error_at(file, &place, problem))?;
    }
    for (index, operation) in block.operations.iter().enumerate() {
        let place = place_of(operation, index);
        builder
            .enter(&place, operation)
            .and_then(|()| lower_operation(&mut builder, operation))
            .map_err(|problem| error_at(file, &place, problem))?;
    }
    let named = block.outputs.iter().any(|name| name == output);
    match builder.lookup(output) {
        Some(&Operand::Tensor(id)) if named => Ok(builder.finish(file, id)),
        _ if named => Err(damaged(
            file,
            format!(
                "expected an operation that makes the output `{}`, found none",
                shown(output)
            ),
        )),
        _ => Err(damaged(
            file,
            format!(
                "expected the output `{}`, found {:?}",
                shown(output),
                block
                    .outputs
                    .iter()
                    .map(|name| shown(name))
                    .collect::<Vec<_>>()
            ),
        )),
    }
}

fn main_block<'a>(file: &str, program: &'a Program) -> Result<(&'a Function, &'a Block)> {
    let function = program.functions.get(MAIN).ok_or_else(|| {
        let mut names: Vec<_> = program.functions.keys().map(|name| shown(name)).collect();
        names.sort_unstable();
        damaged(file, format!("expected this function, found {names:?}"))
    })?;
    let block = function
        .block_specializations
        .get(&function.opset)
        .ok_or_else(|| {
            damaged(
                file,
                format!(
                    "expected a block for the operation set `{}`, found none",
                    shown(&function.opset)
                ),
            )
        })?;
    Ok((function, block))
}

fn damaged(file: &str, reason: String) -> Error {
    Error::Package {
        file: file.to_owned(),
        place: format!("function `{MAIN}`"),
        reason,
    }
}

/// A name of the program, escaped and cut to what fits a message.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 64;
    let mut characters = name.chars();
    let mut shown: String = characters
        .by_ref()
        .take(LONGEST)
        .flat_map(char::escape_debug)
        .collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

fn place_of(operation: &Operation, index: usize) -> Place {
    let name = operation.outputs.first().map_or("", |output| &output.name);
    Place {
        op: shown(&operation.r#type),
        at: format!("`{}` (operation {index} of function `{MAIN}`)", shown(name)),
    }
}

fn error_at(file: &str, place: &Place, problem: Problem) -> Error {
    let file = file.to_owned();
    let Place { op, at } = place.clone();
    match problem {
        Problem::Unsupported(reason) => Error::UnsupportedOp {
            file,
            op,
            place: at,
            reason,
        },
        Problem::Invalid(reason) => Error::Op {
            file,
            op,
            place: at,
            reason,
        },
        Problem::Damaged(error) => error,
    }
}

fn lower_operation(builder: &mut Builder<'_>, operation: &Operation) -> Lowered<()> {
    if operation.r#type == "const" {
        let constant = constant::of_const(operation, builder)?;
        return builder.bind(operation, &[constant]);
    }
    if !operation.blocks.is_empty() {
        return Err(Problem::Unsupported("it has blocks of its own".to_owned()));
    }
    let mut call = Call::resolve(operation, builder)?;
    let outputs = lower_call(builder, &mut call)?;
    call.finish()?;
    let outputs: Vec<_> = outputs.into_iter().map(Operand::Tensor).collect();
    builder.bind(operation, &outputs)
}

fn lower_call(builder: &mut Builder<'_>, call: &mut Call) -> Lowered<Vec<ValueId>> {
    let families = [
        elementwise::lower,
        layout::lower,
        numeric::lower,
        compressed::lower,
    ];
    for lower in families {
        if let Some(outputs) = lower(builder, call)? {
            return Ok(outputs);
        }
    }
    Err(Problem::Unsupported(
        "the portable session does not have this operation".to_owned(),
    ))
}
