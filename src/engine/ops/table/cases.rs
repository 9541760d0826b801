//! The shapes: small ones, odd ones, ones that went wrong once.

use super::{Case, Ignored};
use crate::engine::ops::attention::Dims as Heads;
use crate::engine::ops::matmul::Dims as Linear;
use crate::engine::ops::rope::Dims as Turned;

/// Rows, inputs, outputs of products.
const LINEAR: &[[usize; 3]] = &[
    [1, 1, 1],
    [1, 48, 70],
    [1, 33, 200],
    [7, 33, 5],
    [65, 17, 300],
    [300, 5, 3],
    [3, 270, 9],
    [64, 96, 160], // whole tiles
    [130, 64, 33],
];

/// Sequences, tokens, query heads, key-value heads, width of a head.
const HEADS: &[[usize; 5]] = &[
    [1, 1, 1, 1, 2],
    [2, 7, 4, 4, 6],
    [3, 7, 4, 2, 6],
    [1, 65, 3, 1, 48],
    [2, 130, 6, 2, 4], // three blocks of queries
    [1, 40, 2, 1, 80],
    [1, 33, 2, 2, 128],
    [1, 1, 4, 1, 64],
    [2, 100, 4, 2, 64],
];

/// New tokens, tokens in all.
const KEPT: &[[usize; 2]] = &[[1, 1], [1, 77], [5, 9], [70, 150]];

/// Rows, width, vocabulary, which targets are ignored.
const LOSSES: &[(usize, usize, usize, Ignored)] = &[
    (1, 3, 2, Ignored::None),
    (9, 7, 37, Ignored::Third),
    (3, 4, 5, Ignored::All),
    (600, 2, 19, Ignored::Third),
    (40, 32, 101, Ignored::None), // a vocabulary of no whole tile
    (33, 64, 256, Ignored::Third),
];

/// Every case.
pub fn cases() -> Vec<Case> {
    let turned = |[stride, n_heads, head_dim, t, start]: [usize; 5]| Turned {
        stride,
        n_heads,
        head_dim,
        t,
        start,
    };
    let mut cases = vec![
        Case::Embedding { n: 1, v: 3, d: 1 },
        Case::Embedding { n: 70, v: 11, d: 7 },
        Case::Embedding { n: 5, v: 600, d: 3 },
        Case::RmsNorm { n: 1, d: 1 },
        Case::RmsNorm { n: 7, d: 33 },
        Case::RmsNorm { n: 65, d: 64 },
        Case::AddRmsNorm { n: 1, d: 5 },
        Case::AddRmsNorm { n: 65, d: 48 },
        Case::Rope(turned([10, 1, 6, 7, 0]), 14),
        Case::Rope(turned([200, 3, 48, 5, 11]), 5),
        Case::Rope(turned([4, 2, 2, 1, 3]), 66),
        Case::Swiglu { n: 1, ff: 1 },
        Case::Swiglu { n: 35, ff: 50 },
        Case::Adamw(1),
        Case::Adamw(50_001), // four tasks
        Case::GradNorm(7),
        Case::GradNorm(50_001),
    ];
    let linear = |&[n, i, o]: &[usize; 3]| Case::Matmul(Linear { n, i, o });
    cases.extend(LINEAR.iter().map(linear));
    let packed = |&[b, t, h, kv, hd]: &[usize; 5]| Heads::packed(b, t, h, kv, hd);
    cases.extend(HEADS.iter().map(packed).map(Case::Attention));
    for every in [1, 9, 50] {
        let long = HEADS.iter().filter(|[_, t, ..]| *t > 1).map(packed);
        cases.extend(long.map(|heads| Case::Documents(heads, every)));
    }
    for (head_dim, group) in [(6, 2), (64, 4)] {
        let kept = |&[tq, tk]: &[usize; 2]| Heads {
            b: 1,
            tq,
            tk,
            n_heads: 2 * group,
            n_kv_heads: 2,
            head_dim,
            q_stride: 2 * (group + 2) * head_dim + 2,
            kv_stride: 2 * head_dim,
        };
        cases.extend(KEPT.iter().map(kept).map(Case::Kept));
    }
    let loss = |&(n, d, v, ignored)| Case::CrossEntropy { n, d, v, ignored };
    cases.extend(LOSSES.iter().map(loss));
    cases
}
