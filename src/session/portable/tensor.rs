//! Dense row-major tensors, the values that programs are evaluated on.

use std::borrow::Cow;
use std::sync::Arc;

/// Most dimensions a tensor may have; MIL itself stops at five.
pub(super) const MAX_RANK: usize = 8;

/// Most elements one tensor may have: 512 MiB of floats.
pub(super) const MAX_ELEMENTS: usize = 1 << 27;

/// Why a value or an operation is wrong; the caller adds the place.
pub(super) type Reason<T> = Result<T, String>;

/// What the elements of a tensor are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any float type of the program, computed in 32 bits.
    Float,
    /// Any integer type of the program, held in 32 bits.
    Int,
    /// Truth values.
    Bool,
}

/// Kind and shape of a tensor. A scalar's shape is empty; no dimension is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorKind {
    pub(crate) kind: Kind,
    pub(crate) shape: Vec<usize>,
}

impl TensorKind {
    pub(super) fn new(kind: Kind, shape: impl Into<Vec<usize>>) -> Self {
        Self {
            kind,
            shape: shape.into(),
        }
    }
}

impl std::fmt::Display for TensorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            Kind::Float => "float",
            Kind::Int => "int",
            Kind::Bool => "bool",
        };
        write!(f, "{kind} {:?}", self.shape)
    }
}

/// Number of elements of a shape.
///
/// # Errors
///
/// When a dimension is 0, there are more than [`MAX_RANK`] of them, or more than [`MAX_ELEMENTS`]
/// elements.
pub(super) fn elements(shape: &[usize]) -> Reason<usize> {
    if shape.len() > MAX_RANK {
        return Err(format!(
            "expected at most {MAX_RANK} dimensions, found {}",
            shape.len()
        ));
    }
    let mut product = 1_usize;
    for &size in shape {
        if size == 0 {
            return Err(format!("expected no dimension of size 0, found {shape:?}"));
        }
        product = product
            .checked_mul(size)
            .filter(|&product| product <= MAX_ELEMENTS)
            .ok_or_else(|| {
                format!("expected at most {MAX_ELEMENTS} elements, found the shape {shape:?}")
            })?;
    }
    Ok(product)
}

/// Elements of one type with their shape. A clone shares the elements.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dense<T> {
    shape: Vec<usize>,
    data: Arc<Vec<T>>,
}

impl<T: Copy> Dense<T> {
    /// Puts elements, in row-major order, and shape together.
    ///
    /// # Errors
    ///
    /// When their numbers differ, and as for [`elements`].
    pub(super) fn new(shape: impl Into<Vec<usize>>, data: Vec<T>) -> Reason<Self> {
        Self::of(shape.into(), Arc::new(data))
    }

    fn of(shape: Vec<usize>, data: Arc<Vec<T>>) -> Reason<Self> {
        let expected = elements(&shape)?;
        if data.len() != expected {
            return Err(format!(
                "expected {expected} elements for the shape {shape:?}, found {}",
                data.len()
            ));
        }
        Ok(Self { shape, data })
    }

    pub(super) fn filled(shape: impl Into<Vec<usize>>, value: T) -> Reason<Self> {
        let shape = shape.into();
        let data = vec![value; elements(&shape)?];
        Self::new(shape, data)
    }

    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements in row-major order.
    pub(crate) fn data(&self) -> &[T] {
        &self.data
    }

    /// The elements, for a second owner.
    pub(super) fn shared(&self) -> Arc<Vec<T>> {
        Arc::clone(&self.data)
    }

    /// Each element by itself.
    pub(super) fn map<U>(&self, f: impl FnMut(T) -> U) -> Dense<U> {
        Dense {
            shape: self.shape.clone(),
            data: Arc::new(self.data.iter().copied().map(f).collect()),
        }
    }

    /// The same elements in another shape.
    pub(super) fn reshaped(&self, shape: &[usize]) -> Reason<Self> {
        Self::of(shape.to_vec(), self.shared())
    }

    /// Dimension `i` of the result is dimension `order[i]` of this tensor.
    pub(super) fn permuted(&self, order: &[usize]) -> Reason<Cow<'_, Self>> {
        if order.iter().copied().eq(0..self.shape.len()) {
            return Ok(Cow::Borrowed(self));
        }
        let strides = strides(&self.shape);
        let pick = |from: &[usize]| -> Reason<Vec<usize>> {
            order
                .iter()
                .map(|&axis| from.get(axis).copied().ok_or("no such axis".to_owned()))
                .collect()
        };
        let shape = pick(&self.shape)?;
        let data = strided(&self.data, &shape, &pick(&strides)?, 0)?;
        Ok(Cow::Owned(Self::new(shape, data)?))
    }

    /// The elements of this tensor stretched to `shape` by the rules of NumPy: shapes are aligned at
    /// their ends, dimensions of size 1 repeat.
    pub(super) fn stretched(&self, shape: &[usize]) -> Reason<Cow<'_, [T]>> {
        if self.shape == shape {
            return Ok(Cow::Borrowed(&self.data));
        }
        let missing = shape
            .len()
            .checked_sub(self.shape.len())
            .ok_or_else(|| format!("cannot stretch {:?} to {shape:?}", self.shape))?;
        let mut steps = vec![0; missing];
        for (&size, stride) in self.shape.iter().zip(strides(&self.shape)) {
            steps.push(if size == 1 { 0 } else { stride });
        }
        strided(&self.data, shape, &steps, 0).map(Cow::Owned)
    }

    /// Calls `f` with every run of the elements along `axes`, in row-major order of the other
    /// dimensions, and returns these other dimensions.
    pub(super) fn for_each_run(
        &self,
        axes: &[usize],
        mut f: impl FnMut(&[T]),
    ) -> Reason<Vec<usize>> {
        let (order, kept) = axes_last(self.shape.len(), axes);
        let turned = self.permuted(&order)?;
        let (outer, run) = turned
            .shape
            .split_at_checked(kept)
            .ok_or("more axes than dimensions")?;
        for run in turned.data.chunks_exact(elements(run)?) {
            f(run);
        }
        Ok(outer.to_vec())
    }

    /// Replaces every run of the elements along `axes` by what `f` makes of it.
    pub(super) fn map_runs(&self, axes: &[usize], mut f: impl FnMut(&mut [T])) -> Reason<Self> {
        let (order, kept) = axes_last(self.shape.len(), axes);
        let mut turned = self.permuted(&order)?.into_owned();
        let run = elements(turned.shape.get(kept..).unwrap_or_default())?;
        for run in Arc::make_mut(&mut turned.data).chunks_exact_mut(run) {
            f(run);
        }
        let mut back = vec![0; order.len()];
        for (position, &axis) in order.iter().enumerate() {
            if let Some(entry) = back.get_mut(axis) {
                *entry = position;
            }
        }
        match turned.permuted(&back)? {
            Cow::Owned(tensor) => Ok(tensor),
            Cow::Borrowed(_) => Ok(turned),
        }
    }
}

/// All axes, `axes` last and otherwise in order, and how many come before them.
fn axes_last(rank: usize, axes: &[usize]) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).collect();
    let kept = order.len();
    order.extend(axes);
    (order, kept)
}

/// Row-major distances between neighbours along each dimension.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut stride = 1_usize;
    let mut strides: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let this = stride;
            stride = stride.saturating_mul(size);
            this
        })
        .collect();
    strides.reverse();
    strides
}

/// The elements at `start + Σ index·step`, for every index into `shape` in row-major order.
///
/// # Errors
///
/// When one of them lies outside `data`, and as for [`elements`].
pub(super) fn strided<T: Copy>(
    data: &[T],
    shape: &[usize],
    steps: &[usize],
    start: usize,
) -> Reason<Vec<T>> {
    let dimensions: Vec<(usize, usize)> =
        shape.iter().copied().zip(steps.iter().copied()).collect();
    let mut out = Vec::with_capacity(elements(shape)?);
    collect(data, &dimensions, start, &mut out)
        .ok_or_else(|| format!("the shape {shape:?} reaches beyond the tensor"))?;
    Ok(out)
}

/// The recursion is as deep as the rank, at most [`MAX_RANK`].
fn collect<T: Copy>(
    data: &[T],
    dimensions: &[(usize, usize)],
    start: usize,
    out: &mut Vec<T>,
) -> Option<()> {
    match dimensions {
        [] => out.push(*data.get(start)?),
        [(size, 1)] => out.extend_from_slice(data.get(start..start.checked_add(*size)?)?),
        [(size, 0)] => out.resize(out.len().checked_add(*size)?, *data.get(start)?),
        [(size, step)] => {
            let reach = step.checked_mul(size.checked_sub(1)?)?;
            let end = start.checked_add(reach)?.checked_add(1)?;
            out.extend(data.get(start..end)?.iter().step_by(*step));
        }
        [(size, step), inner @ ..] => {
            let mut offset = start;
            for index in 0..*size {
                if index > 0 {
                    offset = offset.checked_add(*step)?;
                }
                collect(data, inner, offset, out)?;
            }
        }
    }
    Some(())
}

/// The shape that two shapes are stretched to, by the rules of NumPy.
pub(super) fn broadcast(x: &[usize], y: &[usize]) -> Reason<Vec<usize>> {
    let rank = x.len().max(y.len());
    let aligned = |shape: &[usize]| {
        let mut all = vec![1; rank.saturating_sub(shape.len())];
        all.extend(shape);
        all
    };
    aligned(x)
        .into_iter()
        .zip(aligned(y))
        .map(|pair| match pair {
            (a, b) if a == b => Ok(a),
            (1, b) => Ok(b),
            (a, 1) => Ok(a),
            _ => Err(format!("the shapes {x:?} and {y:?} do not go together")),
        })
        .collect()
}

/// A value of a program.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tensor {
    Float(Dense<f32>),
    Int(Dense<i32>),
    Bool(Dense<bool>),
}

impl Tensor {
    pub(crate) fn shape(&self) -> &[usize] {
        match self {
            Self::Float(tensor) => tensor.shape(),
            Self::Int(tensor) => tensor.shape(),
            Self::Bool(tensor) => tensor.shape(),
        }
    }

    pub(super) fn kind(&self) -> TensorKind {
        let kind = match self {
            Self::Float(_) => Kind::Float,
            Self::Int(_) => Kind::Int,
            Self::Bool(_) => Kind::Bool,
        };
        TensorKind::new(kind, self.shape())
    }

    pub(crate) fn float(&self) -> Reason<&Dense<f32>> {
        match self {
            Self::Float(tensor) => Ok(tensor),
            other => Err(expected("floats", other)),
        }
    }

    pub(crate) fn int(&self) -> Reason<&Dense<i32>> {
        match self {
            Self::Int(tensor) => Ok(tensor),
            other => Err(expected("integers", other)),
        }
    }

    pub(crate) fn bool(&self) -> Reason<&Dense<bool>> {
        match self {
            Self::Bool(tensor) => Ok(tensor),
            other => Err(expected("truth values", other)),
        }
    }
}

fn expected(what: &str, found: &Tensor) -> String {
    format!("expected {what}, found {}", found.kind())
}

/// Runs the same expression for whatever the elements of a [`Tensor`] are.
macro_rules! each_kind {
    ($tensor:expr, $dense:ident => $result:expr) => {
        match $tensor {
            $crate::session::portable::tensor::Tensor::Float($dense) => {
                $crate::session::portable::tensor::Tensor::Float($result)
            }
            $crate::session::portable::tensor::Tensor::Int($dense) => {
                $crate::session::portable::tensor::Tensor::Int($result)
            }
            $crate::session::portable::tensor::Tensor::Bool($dense) => {
                $crate::session::portable::tensor::Tensor::Bool($result)
            }
        }
    };
}
pub(super) use each_kind;
