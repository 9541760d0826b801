//! An independent witness: the same model from un-fused basic operations of candle, whose
//! automatic gradients are compared with the explicit ones.

use candle_core::{D, DType, Device, Result, Tensor, Var};

use super::pass::reference;
use super::tests::{bold, learn, tiny, tokens};
use super::{Config, Layout, Use};
use crate::engine::ops::Executor;
use crate::engine::ops::cross_entropy::IGNORED;

/// The model's parameters as variables, in the order of the layout.
struct Witness {
    config: Config,
    layout: Layout,
    vars: Vec<Var>,
}

impl Witness {
    fn new(config: &Config, params: &[f32], dtype: DType) -> Result<Self> {
        let layout = Layout::new(config);
        let var = |p: &super::Param| {
            let data = params[p.range.clone()].to_vec();
            let tensor = Tensor::from_vec(data, p.shape.clone(), &Device::Cpu)?;
            Var::from_tensor(&tensor.to_dtype(dtype)?)
        };
        let vars = layout.params().iter().map(var).collect::<Result<_>>()?;
        Ok(Witness {
            config: config.clone(),
            layout,
            vars,
        })
    }

    fn get(&self, name: &str) -> &Tensor {
        let at = self
            .layout
            .params()
            .iter()
            .position(|p| p.name == name)
            .unwrap();
        &self.vars[at]
    }

    /// `x[.., i]` · `w[o,i]`ᵀ
    fn linear(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        let (rows, w) = (x.flatten_to(D::Minus2)?, self.get(name));
        let mut shape = x.dims().to_vec();
        *shape.last_mut().unwrap() = w.dim(0)?;
        rows.matmul(&w.t()?)?.reshape(shape)
    }

    fn norm(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        let mean = x.sqr()?.mean_keepdim(D::Minus1)?;
        let root = (mean + self.config.norm_eps)?.sqrt()?;
        x.broadcast_div(&root)?.broadcast_mul(self.get(name))
    }

    /// `[b,t,heads·hd]` -> `[b,heads,t,hd]`, turned by the angles of the positions.
    fn heads(&self, x: &Tensor, heads: usize, turned: bool) -> Result<Tensor> {
        let (b, t, _) = x.dims3()?;
        let hd = self.config.head_dim;
        let x = x
            .reshape((b, t, heads, hd))?
            .transpose(1, 2)?
            .contiguous()?;
        if !turned {
            return Ok(x);
        }
        let half = hd / 2;
        let angle = |i: usize| {
            let exponent = (2 * (i % half)) as f64 / hd as f64;
            (i / half) as f64 / self.config.rope_theta.powf(exponent)
        };
        let table = |f: fn(f64) -> f64| {
            let data: Vec<f64> = (0..t * half).map(|i| f(angle(i))).collect();
            Tensor::from_vec(data, (t, half), &Device::Cpu)?.to_dtype(x.dtype())
        };
        let (cos, sin) = (table(f64::cos)?, table(f64::sin)?);
        let (low, high) = (
            x.narrow(D::Minus1, 0, half)?,
            x.narrow(D::Minus1, half, half)?,
        );
        let turned_low = (low.broadcast_mul(&cos)? - high.broadcast_mul(&sin)?)?;
        let turned_high = (high.broadcast_mul(&cos)? + low.broadcast_mul(&sin)?)?;
        Tensor::cat(&[turned_low, turned_high], D::Minus1)
    }

    /// Every key-value head for each query head that reads it: `[b,KV,t,hd]` -> `[b,H,t,hd]`.
    fn repeated(&self, x: &Tensor) -> Result<Tensor> {
        let (b, kv, t, hd) = x.dims4()?;
        let group = self.config.n_heads / kv;
        let copies: Vec<Tensor> = (0..group).map(|_| x.unsqueeze(2)).collect::<Result<_>>()?;
        Tensor::cat(&copies, 2)?.reshape((b, kv * group, t, hd))
    }

    fn attention(&self, x: &Tensor, at: &str) -> Result<Tensor> {
        let (b, t, _) = x.dims3()?;
        let Config {
            n_heads,
            n_kv_heads,
            head_dim,
            ..
        } = self.config;
        let project = |part: &str| self.linear(x, &format!("{at}.self_attn.{part}_proj.weight"));
        let q = self.heads(&project("q")?, n_heads, true)?;
        let k = self.repeated(&self.heads(&project("k")?, n_kv_heads, true)?)?;
        let v = self.repeated(&self.heads(&project("v")?, n_kv_heads, false)?)?;
        let scores = (q.matmul(&k.t()?.contiguous()?)? / (head_dim as f64).sqrt())?;
        let mask: Vec<f64> = (0..t * t)
            .map(|i| if i % t > i / t { -1e9 } else { 0.0 })
            .collect();
        let mask = Tensor::from_vec(mask, (t, t), &Device::Cpu)?.to_dtype(x.dtype())?;
        let e = scores.broadcast_add(&mask)?.exp()?;
        let shares = e.broadcast_div(&e.sum_keepdim(D::Minus1)?)?;
        let o = shares
            .matmul(&v)?
            .transpose(1, 2)?
            .reshape((b, t, n_heads * head_dim))?;
        self.linear(&o, &format!("{at}.self_attn.o_proj.weight"))
    }

    fn feed_forward(&self, x: &Tensor, at: &str) -> Result<Tensor> {
        let gate = self.linear(x, &format!("{at}.mlp.gate_proj.weight"))?;
        let up = self.linear(x, &format!("{at}.mlp.up_proj.weight"))?;
        let silu = (&gate / (gate.neg()?.exp()? + 1.0)?)?;
        self.linear(&(silu * up)?, &format!("{at}.mlp.down_proj.weight"))
    }

    /// Nats of every target, `[b·t]`.
    fn nats(&self, inputs: &[u32], targets: &[u32], [b, t]: [usize; 2]) -> Result<Tensor> {
        let inputs = Tensor::new(inputs, &Device::Cpu)?;
        let embed = self.get("model.embed_tokens.weight");
        let mut x = embed
            .index_select(&inputs, 0)?
            .reshape((b, t, self.config.d_model))?;
        for i in 0..self.config.n_layers {
            let at = format!("model.layers.{i}");
            let h = self.norm(&x, &format!("{at}.input_layernorm.weight"))?;
            x = (&x + self.attention(&h, &at)?)?;
            let h = self.norm(&x, &format!("{at}.post_attention_layernorm.weight"))?;
            x = (&x + self.feed_forward(&h, &at)?)?;
        }
        let h = self.norm(&x, "model.norm.weight")?;
        let head = if self.config.tied {
            "model.embed_tokens.weight"
        } else {
            "lm_head.weight"
        };
        let logits = self.linear(&h, head)?.flatten_to(1)?; // [b·t, V]
        let lse = logits.exp()?.sum_keepdim(1)?.log()?;
        let targets = Tensor::new(targets, &Device::Cpu)?.unsqueeze(1)?;
        (lse - logits.gather(&targets, 1)?)?.flatten_all()
    }
}

/// Loss and all gradients, flat, in f64.
fn witnessed(
    config: &Config,
    params: &[f32],
    dtype: DType,
    (inputs, targets): (&[u32], &[u32]),
    shape: [usize; 2],
) -> (Vec<f64>, Vec<f64>) {
    let witness = Witness::new(config, params, dtype).unwrap();
    // the witness has no ignored targets: their nats are dropped before the sum
    let scored = targets
        .iter()
        .map(|&t| f64::from(u8::from(t != IGNORED)))
        .collect::<Vec<_>>();
    let scored = Tensor::new(scored, &Device::Cpu)
        .unwrap()
        .to_dtype(dtype)
        .unwrap();
    let targets: Vec<u32> = targets
        .iter()
        .map(|&t| if t == IGNORED { 0 } else { t })
        .collect();
    let nats = (witness.nats(inputs, &targets, shape).unwrap() * scored).unwrap();
    let grads = nats.sum_all().unwrap().backward().unwrap();
    let wide = |t: &Tensor| -> Vec<f64> {
        t.flatten_all()
            .unwrap()
            .to_dtype(DType::F64)
            .unwrap()
            .to_vec1()
            .unwrap()
    };
    let all = witness
        .vars
        .iter()
        .flat_map(|var| wide(grads.get(var).unwrap()))
        .collect();
    (wide(&nats), all)
}

/// Largest difference as a share of the largest number.
fn off(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = a.iter().map(|a| a.abs()).fold(0.0, f64::max);
    let differ = |(a, b): (&f64, &f64)| {
        if (a - b).is_nan() {
            f64::MAX
        } else {
            (a - b).abs()
        }
    };
    a.iter().zip(b).map(differ).fold(0.0, f64::max) / largest
}

#[test]
fn loss_and_every_gradient_are_those_of_an_independent_autograd() {
    let shapes = [
        (true, 4, 2, 2),
        (false, 4, 2, 2),
        (true, 3, 1, 1),
        (false, 5, 5, 3),
    ];
    for (tied, n_heads, n_kv_heads, n_layers) in shapes {
        let config = Config {
            tied,
            n_heads,
            n_kv_heads,
            n_layers,
            ..tiny()
        };
        let (b, t) = (2, 11);
        let params = bold(&config);
        let inputs = tokens(b * t, config.n_vocab, 1);
        let mut targets = tokens(b * t, config.n_vocab, 2);
        (targets[0], targets[13]) = (IGNORED, IGNORED);
        let batch = (inputs.as_slice(), targets.as_slice());

        let (nats, grads) = witnessed(&config, &params, DType::F64, batch, [b, t]);
        let wide: Vec<f64> = params.iter().map(|&w| f64::from(w)).collect();
        let of = Use::learning(b, t);
        let (ours, our_grads) = reference(&config, of, &wide, batch, 1.0);
        let found = off(&nats, &ours);
        assert!(found < 1e-12, "f64 nats are off by {found}");
        for p in Layout::new(&config).params() {
            let found = off(&grads[p.range.clone()], &our_grads[p.range.clone()]);
            assert!(
                found < 1e-10,
                "f64 gradient of {} is off by {found}",
                p.name
            );
        }

        let (nats, grads) = witnessed(&config, &params, DType::F32, batch, [b, t]);
        let executor = Executor::cpu(2).unwrap();
        let (ours, our_grads) = learn(&config, &executor, of, &params, batch, 1.0);
        let widened = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        let found = off(&nats, &widened(&ours));
        assert!(found < 1e-5, "f32 nats are off by {found}");
        for p in Layout::new(&config).params() {
            let found = off(
                &grads[p.range.clone()],
                &widened(&our_grads[p.range.clone()]),
            );
            assert!(found < 2e-4, "f32 gradient of {} is off by {found}", p.name);
        }
    }
}
