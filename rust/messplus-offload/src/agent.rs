//! A trained agent: the network that scores the actions, and where it may choose.

use std::fmt::Display;

use messplus_base::names;
use messplus_base::wire::WireError;

use crate::action::{Action, ActionSpace};
use crate::budget::BudgetTracker;
use crate::encoder::Encoder;
use crate::error::Result;
use crate::nn::{Mlp, Pass};
use crate::state::{self, Kind};
use crate::window::Window;

/// Learning algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Advantage actor-critic.
    A2c,
    /// Proximal policy optimisation.
    Ppo,
    /// Deep Q-network.
    Dqn,
}

names!(Algorithm: "algorithm" { A2c => "a2c", Ppo => "ppo", Dqn => "dqn" });

/// A greedy policy over the scores of a network.
#[derive(Debug, Clone)]
pub struct Agent {
    algorithm: Algorithm,
    encoder: Encoder,
    net: Mlp,
    pass: Pass,
    input: Vec<f32>,
}

impl Agent {
    /// Wraps a trained network.
    #[must_use]
    pub fn new(algorithm: Algorithm, encoder: Encoder, net: Mlp) -> Self {
        Self { algorithm, encoder, net, pass: Pass::default(), input: vec![] }
    }

    /// The algorithm that trained it.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Numbers of modalities and tasks, and the window length it was trained for.
    #[must_use]
    pub fn shape(&self) -> (usize, usize, usize) {
        let (modalities, tasks, span, _) = self.encoder.parts();
        (modalities, tasks, span)
    }

    /// The action with the largest score among those whose level is allowed; the lowest index on ties.
    pub fn act(
        &mut self,
        space: &ActionSpace,
        window: &Window,
        tracker: &BudgetTracker,
        allowed: impl Fn(usize) -> bool,
    ) -> Action {
        self.input.clear();
        self.encoder.write(window, tracker, &mut self.input);
        self.net.forward(&self.input, &mut self.pass);
        let scores =
            self.pass.output().iter().enumerate().filter(|(a, _)| allowed(space.level(*a)));
        scores
            .fold((0, f32::NEG_INFINITY), |best, (a, &v)| if v > best.1 { (a, v) } else { best })
            .0
    }

    /// The agent as a policy file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = state::begin(Kind::Agent);
        out.u64(self.algorithm as u64);
        let (modalities, tasks, span, scale) = self.encoder.parts();
        for value in [modalities, tasks, span] {
            out.u64(value as u64);
        }
        let (latency, cost) = scale.unwrap_or((0.0, 0.0));
        out.f64(latency);
        out.f64(cost);
        out.u64(self.net.sizes().len() as u64);
        self.net.sizes().iter().for_each(|&n| out.u64(n as u64));
        out.u64(self.net.params.len() as u64);
        out.f32s(&self.net.params);
        out.seal()
    }

    /// Reads a policy file.
    ///
    /// # Errors
    /// The bytes are damaged, of another kind or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut input = state::open(bytes, Kind::Agent)?;
        let algorithm = match input.u64()? {
            0 => Algorithm::A2c,
            1 => Algorithm::Ppo,
            2 => Algorithm::Dqn,
            other => return Err(misfit("algorithm", other).into()),
        };
        let space = ActionSpace::new(input.count(64)?)?;
        let (tasks, span) = (input.count(1000)?, crate::dataset::check_span(input.count(64)?)?);
        let scale = (input.f64()?, input.f64()?);
        let scale = (scale != (0.0, 0.0)).then_some(scale);
        let encoder = Encoder::from_parts(space.modalities(), tasks, span, scale);
        let layers = input.count(16)?;
        let mut sizes = vec![0; layers];
        for size in &mut sizes {
            *size = input.count(1 << 16)?;
        }
        let mut params = vec![0.0; input.count(input.rest().len() / 4)?];
        input.f32s(&mut params)?;
        input.finish()?;
        let ends = (sizes.first(), sizes.last());
        if ends != (Some(&encoder.inputs()), Some(&space.len())) || layers < 2 {
            return Err(misfit("layers", format!("{sizes:?}")).into());
        }
        let count = params.len();
        let net = Mlp::from_params(&sizes, params).ok_or_else(|| misfit("parameters", count))?;
        Ok(Self::new(algorithm, encoder, net))
    }
}

fn misfit(what: &str, found: impl Display) -> WireError {
    WireError::malformed("networks must fit the problem they score", format!("{what} {found}"))
}
