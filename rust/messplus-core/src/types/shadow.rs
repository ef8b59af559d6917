//! Shadow mode: a fixed model serves, and what the router would have done is estimated.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};
use crate::types::model_set::ModelSet;
use crate::types::randomisation;

/// Who serves instead of the router's choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shadow {
    /// The model that serves.
    pub model: usize,
    /// Share of requests that go to a model drawn uniformly, in `[0, 1]`.
    pub explore: f64,
}

impl Shadow {
    /// The model that serves, its propensity, and the propensity pi of the router's choice w.
    ///
    /// With probability `explore` a model drawn uniformly from the K of `allowed` serves, else the
    /// fixed one, so that `pi = (1 - explore) [w = fixed] + explore / K`. `uniform` is a uniform
    /// number in `[0, 1)`, `choice` is w and allowed.
    pub(crate) fn serve(
        &self,
        allowed: ModelSet,
        choice: usize,
        uniform: f64,
    ) -> (usize, f64, f64) {
        // Where the fixed model may not serve, the router's choice does.
        let fixed = if allowed.contains(self.model) { self.model } else { choice };
        let served = randomisation::serve(allowed, fixed, self.explore, uniform);
        let propensity = |model| randomisation::propensity(allowed, fixed, self.explore, model);
        (served, propensity(served), propensity(choice))
    }
}

/// What is remembered of the router's choice until outcomes of the model that served come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShadowChoice {
    /// The router's choice.
    pub model: usize,
    /// Probability with which it was to serve.
    pub propensity: f64,
    /// Its predicted probability of satisfaction.
    pub p_satisfied: f64,
    /// Its expected cost.
    pub cost: f64,
}

impl ShadowChoice {
    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64(self.model as u64);
        out.f64s(&[self.propensity, self.p_satisfied, self.cost]);
    }

    pub(crate) fn decode(input: &mut Reader<'_>, n_models: usize) -> Result<Self> {
        let model = input.u64()?;
        let (propensity, p_satisfied, cost) = (input.f64()?, input.f64()?, input.f64()?);
        let shares = [propensity, p_satisfied];
        if model >= n_models as u64 || !shares.iter().all(|share| (0.0..=1.0).contains(share)) {
            return Err(Error::state("choices in shadow must be of the zoo and probable", model));
        }
        Ok(Self { model: model as usize, propensity, p_satisfied, cost })
    }
}

#[cfg(test)]
mod tests {
    use super::Shadow;
    use crate::types::model_set::ModelSet;

    #[test]
    fn tells_the_propensities_of_who_serves_and_of_the_choice() {
        let shadow = Shadow { model: 1, explore: 0.4 };
        let (served, of_served, of_choice) = shadow.serve(ModelSet::all(4), 2, 0.9);
        assert_eq!(served, 1);
        assert!((of_served - 0.7).abs() < 1e-12 && (of_choice - 0.1).abs() < 1e-12);
        assert!((shadow.serve(ModelSet::all(4), 1, 0.9).2 - 0.7).abs() < 1e-12);
        let never = Shadow { model: 1, explore: 0.0 };
        assert_eq!(never.serve(ModelSet::all(4), 2, 0.0), (1, 1.0, 0.0));
        assert_eq!(shadow.serve(ModelSet::from_bits(0b101), 2, 0.9).0, 2);
    }
}
