//! Types as a program declares them.

use coreml_proto::proto::mil_spec::{
    DataType, TensorType, ValueType, dimension::Dimension, value_type::Type,
};

use super::super::tensor::{Kind, MAX_RANK, Reason, TensorKind};

/// A tensor type of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) dtype: DataType,
    /// `None` where the size is not fixed.
    shape: Vec<Option<usize>>,
}

impl Declared {
    pub(super) fn read(declared: Option<&ValueType>) -> Reason<Self> {
        match declared.and_then(|declared| declared.r#type.as_ref()) {
            Some(Type::TensorType(tensor)) => Self::read_tensor(tensor),
            Some(_) => Err("expected a tensor type, found another".to_owned()),
            None => Err("expected a type, found none".to_owned()),
        }
    }

    fn read_tensor(tensor: &TensorType) -> Reason<Self> {
        let dtype = DataType::try_from(tensor.data_type)
            .map_err(|_| format!("there is no data type {}", tensor.data_type))?;
        if usize::try_from(tensor.rank) != Ok(tensor.dimensions.len())
            || tensor.dimensions.len() > MAX_RANK
        {
            return Err(format!(
                "expected as many dimensions as the rank says, {MAX_RANK} at most, found {} of {}",
                tensor.dimensions.len(),
                tensor.rank
            ));
        }
        let shape = tensor
            .dimensions
            .iter()
            .map(|dimension| match &dimension.dimension {
                Some(Dimension::Constant(constant)) => usize::try_from(constant.size)
                    .map(Some)
                    .map_err(|_| format!("the size {} is too large", constant.size)),
                Some(Dimension::Unknown(_)) => Ok(None),
                None => Err("expected the size of a dimension, found none".to_owned()),
            })
            .collect::<Reason<_>>()?;
        Ok(Self { dtype, shape })
    }

    /// What we compute the type in; `None` for strings.
    ///
    /// # Errors
    ///
    /// For types that no operation of ours takes.
    pub(super) fn kind(&self) -> Reason<Option<Kind>> {
        Ok(Some(match self.dtype {
            DataType::Float16 | DataType::Float32 | DataType::Float64 | DataType::Bfloat16 => {
                Kind::Float
            }
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Int4
            | DataType::Uint8
            | DataType::Uint16
            | DataType::Uint32
            | DataType::Uint64
            | DataType::Uint4
            | DataType::Uint2
            | DataType::Uint1
            | DataType::Uint6
            | DataType::Uint3 => Kind::Int,
            DataType::Bool => Kind::Bool,
            DataType::String => return Ok(None),
            DataType::UnusedType | DataType::Float8e4m3fn | DataType::Float8e5m2 => {
                return Err(format!("the data type {} is not supported", self.name()));
            }
        }))
    }

    /// The shape, when all of it is fixed.
    pub(super) fn fixed_shape(&self) -> Reason<Vec<usize>> {
        self.shape
            .iter()
            .map(|size| size.ok_or_else(|| format!("expected a fixed shape, found {self}")))
            .collect()
    }

    /// Checks that a value is what the program says it is.
    pub(super) fn check(&self, found: &TensorKind) -> Reason<()> {
        let same = self.kind()? == Some(found.kind)
            && self.shape.len() == found.shape.len()
            && self
                .shape
                .iter()
                .zip(&found.shape)
                .all(|(declared, found)| declared.is_none_or(|declared| declared == *found));
        if same {
            Ok(())
        } else {
            Err(format!(
                "the program declares the result as {self}, the operands make it {found}"
            ))
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.dtype.as_str_name()
    }
}

impl std::fmt::Display for Declared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} [", self.name())?;
        for (index, size) in self.shape.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            match size {
                Some(size) => write!(f, "{separator}{size}")?,
                None => write!(f, "{separator}?")?,
            }
        }
        write!(f, "]")
    }
}
