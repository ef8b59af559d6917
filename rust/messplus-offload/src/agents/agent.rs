//! A trained agent: the network that scores the actions, and where it may choose.

use std::fmt::Display;

use messplus_base::names;
use messplus_base::wire::{Reader, WireError};

use super::best_allowed;
use super::encoder::Encoder;
use super::network::{Mlp, Pass};
use crate::error::{Error, Result};
use crate::evaluation::{Policy, Situation};
use crate::problem::{Action, ActionSpace, BudgetTracker, Dataset, MAX_TASKS, Window, check_span};
use crate::state::{self, Kind};

/// Most layers of a network, input included, and most units of a layer.
const MAX_LAYERS: usize = 16;
const MAX_UNITS: usize = 1 << 16;

/// Learning algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug)]
pub struct Agent {
    algorithm: Algorithm,
    encoder: Encoder,
    net: Mlp,
    pass: Pass,
    input: Vec<f32>,
}

/// An agent that is kept within the budgets: what does not fit is forbidden.
#[derive(Clone, Debug)]
pub struct Masked(pub Agent);

impl Agent {
    pub(super) fn new(algorithm: Algorithm, encoder: Encoder, net: Mlp) -> Self {
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
        let Encoder { modalities, tasks, span, .. } = self.encoder;
        (modalities, tasks, span)
    }

    /// Accepts the problem it was trained for.
    ///
    /// # Errors
    /// `data` has other modalities or tasks, or windows another length.
    pub fn check(&self, data: &Dataset, span: usize) -> Result<()> {
        let found = (data.space().modalities(), data.tasks(), span);
        if found == self.shape() {
            return Ok(());
        }
        let rule = "must be played with the modalities, tasks and span it was trained for";
        Err(Error::input("agent", rule, format!("{found:?} instead of {:?}", self.shape())))
    }

    /// The action with the largest score among those whose level is allowed; the lowest index on
    /// ties.
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
        best_allowed(self.pass.output(), |action| allowed(space.level(action)))
    }

    /// The agent as a policy file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = state::begin(Kind::Agent);
        let Encoder { modalities, tasks, span, scale } = self.encoder;
        out.u64(self.algorithm as u64);
        out.u64s(&[modalities as u64, tasks as u64, span as u64]);
        let (latency, cost) = scale.unwrap_or((0.0, 0.0));
        out.f64s(&[latency, cost]);
        out.u64(self.net.sizes().len() as u64);
        self.net.sizes().iter().for_each(|&size| out.u64(size as u64));
        out.u64(self.net.params.len() as u64);
        out.f32s(&self.net.params);
        out.seal()
    }

    /// Reads a policy file.
    ///
    /// # Errors
    /// The bytes are damaged, of another kind or of another format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut input = state::open(bytes, Kind::Agent)?;
        let algorithm = input.count(Algorithm::ALL.len() - 1)?;
        let space = ActionSpace::new(input.count(usize::MAX)?)?;
        let (tasks, span) = (input.count(MAX_TASKS)?, check_span(input.count(usize::MAX)?)?);
        let scale = (input.f64()?, input.f64()?);
        let scale = (scale != (0.0, 0.0)).then_some(scale);
        let encoder = Encoder { modalities: space.modalities(), tasks, span, scale };
        let net = read_network(&mut input, encoder.inputs(), space.len())?;
        input.finish()?;
        Ok(Self::new(Algorithm::ALL[algorithm], encoder, net))
    }
}

fn read_network(input: &mut Reader<'_>, inputs: usize, outputs: usize) -> Result<Mlp> {
    let misfit = |what: &str, found: &dyn Display| {
        let rule = "networks must fit the problem whose actions they score";
        WireError::malformed(rule, format!("{what} {found}"))
    };
    let mut sizes = vec![0; input.count(MAX_LAYERS)?];
    for size in &mut sizes {
        *size = input.count(MAX_UNITS)?;
    }
    if sizes.len() < 2 || sizes[0] != inputs || sizes[sizes.len() - 1] != outputs {
        return Err(misfit("layers", &format!("{sizes:?}")).into());
    }
    let mut params = vec![0.0; input.count(input.rest().len() / 4)?];
    input.f32s(&mut params)?;
    let count = params.len();
    Ok(Mlp::from_params(&sizes, params).ok_or_else(|| misfit("parameters", &count))?)
}

impl Policy for Agent {
    fn check(&self, data: &Dataset, span: usize) -> Result<()> {
        Agent::check(self, data, span)
    }

    fn act(&mut self, seen: &mut Situation<'_>) -> Result<Action> {
        Ok(Agent::act(self, seen.space, seen.window, seen.tracker, |_| true))
    }
}

impl Policy for Masked {
    fn check(&self, data: &Dataset, span: usize) -> Result<()> {
        self.0.check(data, span)
    }

    fn act(&mut self, seen: &mut Situation<'_>) -> Result<Action> {
        let affords = |level| seen.affords(level);
        Ok(self.0.act(seen.space, seen.window, seen.tracker, affords))
    }
}
