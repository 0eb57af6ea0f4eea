//! Weight matrices in the order the kernels read them: rows from a file in, panels of sixteen interleaved rows out.
//!
//! A *panel* is sixteen rows; it is cut into *tiles* of 32 columns (256 for the K-quants, whose shared scales lead the
//! tile). In a tile, byte `4·r + k` of a 64-byte vector belongs to row `r`, so a lane of a SIMD register is one row
//! of the matrix and no sum ever crosses lanes; homes with shorter registers take a side of a vector at a time. Vector `s`
//! of a tile holds elements `4·s ..= 4·s + 3` of each row; the nibbles of vectors `2·c` and `2·c + 1` share 64 bytes, and
//! bit `s` of a plane of high bits belongs to vector `s`.
//! Packed weights take the bytes of the file, at most 3 % more for the K-quants.

use crate::block::{BLOCK, Block, Coding, Scales, block_of_row, float_at};
use crate::pool::Pool;
use crate::types::TensorType;
use crate::{Kernels, disjoint::Disjoint};

/// Rows in a panel.
pub(crate) const LANES: usize = 16;

/// Bytes of a vector: four codes of each row.
pub(crate) const VECTOR: usize = 4 * LANES;

/// Where the parts of a tile lie, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TileLayout {
    /// Shared scales of the tile, before its blocks.
    pub head: usize,
    /// One block of 32 columns: codes, planes of high bits, then its scales.
    pub block: usize,
    /// Blocks in a tile.
    pub blocks: usize,
    /// Offset of the planes of high bits in a block.
    pub planes: usize,
    /// Offset of the scales in a block.
    pub scales: usize,
}

impl TensorType {
    /// The packed form of the type.
    pub(crate) const fn tile(self) -> TileLayout {
        let Some(coding) = self.coding() else {
            let block = BLOCK * LANES * self.block_bytes();
            return TileLayout { head: 0, block, blocks: 1, planes: block, scales: block };
        };
        let planes = if coding.bits == 8 { BLOCK * LANES } else { BLOCK * LANES / 2 };
        let scales = if coding.bits == 8 { planes } else { planes + (coding.bits as usize - 4) * VECTOR };
        let (head, own) = match coding.scales {
            Scales::Plain => (0, 2 * LANES),
            Scales::Affine => (0, 4 * LANES),
            Scales::SuperAffine => (4 * LANES, 2 * LANES),
            Scales::SuperHalves => (2 * LANES, 2 * LANES),
        };
        TileLayout { head, block: scales + own, blocks: self.block_len() / BLOCK, planes, scales }
    }
}

impl TileLayout {
    /// Bytes of a tile.
    pub const fn bytes(self) -> usize {
        self.head + self.block * self.blocks
    }
}

/// Why bytes are no matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatrixError {
    /// A row does not fill blocks of the type, or the sizes overflow.
    Shape {
        /// The type.
        kind: TensorType,
        /// Rows asked for.
        rows: usize,
        /// Columns asked for.
        cols: usize,
    },
    /// The bytes are fewer or more than the shape needs.
    Bytes {
        /// What the shape needs.
        needed: usize,
        /// What came.
        given: usize,
    },
}

impl std::fmt::Display for MatrixError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shape { kind, rows, cols } => {
                write!(f, "{rows} rows of {cols} do not make a matrix of {kind} (blocks of {})", kind.block_len())
            }
            Self::Bytes { needed, given } => {
                write!(f, "the matrix needs {needed} bytes, {given} were given")
            }
        }
    }
}

impl std::error::Error for MatrixError {}

/// A weight matrix, packed. Rows are outputs, columns are inputs.
pub struct Matrix {
    kind: TensorType,
    rows: usize,
    cols: usize,
    data: Vec<u8>,
}

impl Matrix {
    /// Packs `rows` × `cols` numbers of `kind`, row-major as in a file, with the threads of `kernels`.
    pub fn pack(
        kernels: &mut Kernels,
        kind: TensorType,
        rows: usize,
        cols: usize,
        bytes: &[u8],
    ) -> Result<Self, MatrixError> {
        let shape = MatrixError::Shape { kind, rows, cols };
        let row_bytes = kind.row_bytes(cols).filter(|&n| n > 0).ok_or(shape.clone())?;
        let needed = row_bytes.checked_mul(rows).ok_or(shape)?;
        if needed != bytes.len() {
            return Err(MatrixError::Bytes { needed, given: bytes.len() });
        }
        let tile = kind.tile();
        let panel_bytes = cols.div_ceil(BLOCK * tile.blocks) * tile.bytes();
        let panels = rows.div_ceil(LANES);
        let mut data = vec![0; panels * panel_bytes];
        pack_panels(&mut kernels.pool, kind, row_bytes, bytes, panel_bytes, &mut data);
        Ok(Self { kind, rows, cols, data })
    }

    /// The type of the weights.
    pub fn kind(&self) -> TensorType {
        self.kind
    }

    /// Outputs.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Inputs.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Bytes the packed weights take.
    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    pub(crate) fn panels(&self) -> usize {
        self.rows.div_ceil(LANES)
    }

    /// The tiles of rows `16 · index ..`.
    pub(crate) fn panel(&self, index: usize) -> &[u8] {
        let bytes = self.data.len() / self.panels().max(1);
        &self.data[index * bytes..][..bytes]
    }

    /// Dequantises one row into `out` (`cols` long): an embedding.
    ///
    /// # Panics
    /// If the row is not in the matrix or `out` has another length.
    pub fn row(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.rows && out.len() == self.cols, "row {row} of {} × {}", self.rows, self.cols);
        let (panel, lane) = (self.panel(row / LANES), row % LANES);
        for (index, out) in out.chunks_mut(BLOCK).enumerate() {
            match self.kind.coding() {
                Some(coding) => {
                    let block = PanelBlock::read(self.kind, coding, panel, index);
                    out.copy_from_slice(&block.lane(lane).values(coding));
                }
                None => {
                    let tile = &panel[index * self.kind.tile().bytes()..];
                    for (c, out) in out.iter_mut().enumerate() {
                        *out = float_at(self.kind, tile, c * LANES + lane);
                    }
                }
            }
        }
    }
}

fn pack_panels(pool: &mut Pool, kind: TensorType, row_bytes: usize, bytes: &[u8], panel_bytes: usize, data: &mut [u8]) {
    let panels = data.len() / panel_bytes;
    let out = Disjoint::new(data);
    pool.split(panels, 4, &|range, _| {
        range.for_each(|panel| {
            // SAFETY: each panel is packed by one task and the ranges of two panels do not meet.
            #[allow(unsafe_code)]
            let out = unsafe { out.slice(panel * panel_bytes..(panel + 1) * panel_bytes) };
            let rows = bytes[panel * LANES * row_bytes..].chunks_exact(row_bytes).take(LANES);
            for (lane, row) in rows.enumerate() {
                pack_row(kind, row, lane, out);
            }
        })
    });
}

fn pack_row(kind: TensorType, row: &[u8], lane: usize, panel: &mut [u8]) {
    match kind.coding() {
        Some(_) => {
            for index in 0..row.len() / kind.block_bytes() * kind.tile().blocks {
                write_block(kind, panel, index, lane, &block_of_row(kind, row, index));
            }
        }
        None => {
            let size = kind.block_bytes();
            for (i, number) in row.chunks_exact(size).enumerate() {
                panel[(i * LANES + lane) * size..][..size].copy_from_slice(number);
            }
        }
    }
}

/// Where block `index` of a panel starts, and the head of its tile.
fn place(kind: TensorType, index: usize) -> (usize, usize) {
    let tile = kind.tile();
    let head = index / tile.blocks * tile.bytes();
    (head, head + tile.head + index % tile.blocks * tile.block)
}

/// The byte of element `i` of `lane` within its vector pair, and whether it is the high nibble.
fn nibble_place(i: usize, lane: usize) -> (usize, bool) {
    let vector = i / 4;
    (vector / 2 * VECTOR + lane * 4 + i % 4, vector % 2 == 1)
}

fn write_block(kind: TensorType, panel: &mut [u8], index: usize, lane: usize, block: &Block) {
    let Some(coding) = kind.coding() else { return };
    let tile = kind.tile();
    let (head, start) = place(kind, index);
    for (i, &q) in block.q.iter().enumerate() {
        if coding.bits == 8 {
            panel[start + i / 4 * VECTOR + lane * 4 + i % 4] = q;
            continue;
        }
        let (byte, high) = nibble_place(i, lane);
        panel[start + byte] |= (q & 15) << if high { 4 } else { 0 };
        for plane in 0..coding.bits as usize - 4 {
            panel[start + tile.planes + plane * VECTOR + lane * 4 + i % 4] |= (q >> (4 + plane) & 1) << (i / 4);
        }
    }
    let halves = match coding.scales {
        Scales::Plain | Scales::Affine => start + tile.scales,
        Scales::SuperAffine | Scales::SuperHalves => {
            panel[start + tile.scales + lane] = block.whole[0];
            panel[start + tile.scales + LANES + lane] = block.whole[1];
            head
        }
    };
    panel[halves + 2 * lane..][..2].copy_from_slice(&block.d.to_le_bytes());
    if matches!(coding.scales, Scales::Affine | Scales::SuperAffine) {
        panel[halves + 2 * (LANES + lane)..][..2].copy_from_slice(&block.m.to_le_bytes());
    }
}

/// One block of all rows of a panel, its codes in vector order.
pub(crate) struct PanelBlock {
    /// `codes[s][4·r + k]` is element `4·s + k` of row `r`.
    codes: [[u8; VECTOR]; BLOCK / 4],
    d: [u16; LANES],
    m: [u16; LANES],
    whole: [[u8; LANES]; 2],
}

impl PanelBlock {
    /// Block `index` of a panel of a quantised type: what [`write_block`] wrote.
    #[inline(always)]
    pub fn read(kind: TensorType, coding: Coding, panel: &[u8], index: usize) -> Self {
        let tile = kind.tile();
        let (head, start) = place(kind, index);
        let bytes = &panel[start..start + tile.block];
        let mut codes = [[0; VECTOR]; BLOCK / 4];
        if coding.bits == 8 {
            for (codes, bytes) in codes.iter_mut().zip(bytes.chunks_exact(VECTOR)) {
                codes.copy_from_slice(bytes);
            }
        } else {
            for (pair, bytes) in codes.chunks_exact_mut(2).zip(bytes.chunks_exact(VECTOR)) {
                for (i, byte) in bytes.iter().enumerate() {
                    pair[0][i] = byte & 15;
                    pair[1][i] = byte >> 4;
                }
            }
            for plane in 0..coding.bits as usize - 4 {
                let bits = &bytes[tile.planes + plane * VECTOR..][..VECTOR];
                for (s, codes) in codes.iter_mut().enumerate() {
                    for (code, bits) in codes.iter_mut().zip(bits) {
                        *code |= (bits >> s & 1) << (4 + plane);
                    }
                }
            }
        }
        let own = &bytes[tile.scales..];
        let (halves, whole) = match coding.scales {
            Scales::Plain | Scales::Affine => (own, [[0; LANES]; 2]),
            Scales::SuperAffine | Scales::SuperHalves => {
                (&panel[head..], [std::array::from_fn(|r| own[r]), std::array::from_fn(|r| own[LANES + r])])
            }
        };
        let half = |at: usize| u16::from_le_bytes([halves[2 * at], halves[2 * at + 1]]);
        let d = std::array::from_fn(half);
        let m = match coding.scales {
            Scales::Affine | Scales::SuperAffine => std::array::from_fn(|r| half(LANES + r)),
            Scales::Plain | Scales::SuperHalves => [0; LANES],
        };
        Self { codes, d, m, whole }
    }

    /// The block of one row.
    #[inline(always)]
    pub fn lane(&self, r: usize) -> Block {
        Block {
            q: std::array::from_fn(|i| self.codes[i / 4][4 * r + i % 4]),
            d: self.d[r],
            m: self.m[r],
            whole: [self.whole[0][r], self.whole[1][r]],
        }
    }
}

/// Block `index` of a panel as floats, column by column: `out[c][lane]`.
#[inline(always)]
pub(crate) fn panel_values(kind: TensorType, panel: &[u8], index: usize, out: &mut [[f32; LANES]; BLOCK]) {
    match kind.coding() {
        Some(coding) => {
            let block = PanelBlock::read(kind, coding, panel, index);
            let factors: [_; LANES] = std::array::from_fn(|r| block.lane(r).factors(coding));
            for (c, out) in out.iter_mut().enumerate() {
                let codes = &block.codes[c / 4];
                for (r, out) in out.iter_mut().enumerate() {
                    let (factors, min) = factors[r];
                    *out = factors[c / 16] * coding.code(codes[4 * r + c % 4]) as f32 + min;
                }
            }
        }
        None => {
            let tile = &panel[index * kind.tile().bytes()..][..kind.tile().bytes()];
            for (c, out) in out.iter_mut().enumerate() {
                *out = std::array::from_fn(|r| float_at(kind, tile, c * LANES + r));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_weights_stay_within_a_tenth_of_the_file() {
        for kind in TensorType::ALL {
            let tile = kind.tile();
            let file = kind.row_bytes(BLOCK * tile.blocks).unwrap() * LANES;
            assert!(tile.bytes() * 10 <= file * 11, "{kind}: {} for {file}", tile.bytes());
        }
    }

    #[test]
    fn a_block_comes_back_as_it_was_packed() {
        for kind in TensorType::ALL.into_iter().filter(|kind| kind.coding().is_some()) {
            let blocks = 2 * kind.tile().blocks;
            let row_bytes = kind.row_bytes(BLOCK * blocks).unwrap();
            let bytes: Vec<u8> = (0..row_bytes * LANES).map(|i| (i * 37 + i / 256) as u8).collect();
            let mut panel = vec![0; 2 * kind.tile().bytes()];
            for (lane, row) in bytes.chunks_exact(row_bytes).enumerate() {
                pack_row(kind, row, lane, &mut panel);
            }
            for (lane, row) in bytes.chunks_exact(row_bytes).enumerate() {
                for index in 0..blocks {
                    let packed = PanelBlock::read(kind, kind.coding().unwrap(), &panel, index).lane(lane);
                    assert_eq!(packed, block_of_row(kind, row, index), "{kind} {lane} {index}");
                }
            }
        }
    }

    #[test]
    fn bytes_that_do_not_fit_the_shape_are_an_error() {
        let mut kernels = Kernels::new(crate::Home::portable(), 1);
        let mut pack = |kind, rows, cols, bytes: usize| Matrix::pack(&mut kernels, kind, rows, cols, &vec![0; bytes]);
        assert!(matches!(pack(TensorType::Q4_0, 1, 31, 18), Err(MatrixError::Shape { .. })));
        assert!(matches!(pack(TensorType::Q4_0, 2, 32, 18), Err(MatrixError::Bytes { needed: 36, given: 18 })));
        assert!(matches!(pack(TensorType::F32, usize::MAX, 8, 18), Err(MatrixError::Shape { .. })));
        assert!(matches!(pack(TensorType::F32, 1, 0, 0), Err(MatrixError::Shape { .. })));
        assert!(pack(TensorType::Q4_0, 2, 32, 36).is_ok());
    }
}
