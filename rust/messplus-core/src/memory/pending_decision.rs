//! What is remembered of a decision until its feedback comes.

use std::num::NonZeroU32;

use messplus_base::wire::{Reader, Writer};

use super::evidence::EvidenceSet;
use crate::control::delay_compensator::{Expectation, Expectations};
use crate::error::{Error, Result};
use crate::policy::Call;
use crate::types::model_set::ModelSet;
use crate::types::ranking::Ranking;
use crate::types::request::Reason;
use crate::types::shadow::ShadowChoice;

/// Names of feedback that are remembered per decision.
pub const MAX_KEYS: usize = 4;

/// What is remembered of one decision beside its features.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct PendingDecision {
    /// The decision's id.
    pub id: u128,
    /// The decision's step.
    pub step: u64,
    /// The model chosen to serve.
    pub model: usize,
    /// The order in which models are called, where calls fail.
    pub ranking: Ranking,
    /// Models queried for learning.
    pub also_query: ModelSet,
    /// The request was picked for exploration.
    pub explored: bool,
    /// Index of its service level.
    pub level: usize,
    /// What its rating and costs should bring.
    pub expectations: Expectations,
    /// The time of the decision, in seconds of the controller's life.
    pub at: u64,
    /// Number of the call among those decided for the chosen model.
    pub call: u64,
    /// Tokens of the prompt, where known.
    pub input_tokens: Option<NonZeroU32>,
    /// Those of them that the chosen model's provider should have in its cache.
    pub cached_tokens: u32,
    /// Probability with which the chosen model was expected to satisfy.
    pub p_satisfied: f64,
    /// Why the model was chosen.
    pub reason: Reason,
    /// In shadow mode, the router's own choice.
    pub shadow_choice: Option<ShadowChoice>,
    /// The queue has accounted for this request.
    pub accounted: bool,
    /// The model and the rating it was accounted for with, unless that was imputed.
    pub accounted_rating: Option<(usize, f64)>,
    /// That was in an accounting period which has been closed since.
    pub closed: bool,
    /// Its call was never made: it only keeps its place.
    pub cancelled: bool,
    /// It was picked to be rated in any case.
    pub audited: bool,
    /// The weight of its audit, in (0, 1]; zero without one.
    pub audit_weight: f64,
    /// What other sources than the truth said.
    pub evidence: EvidenceSet,
    /// Hashes of the latest names of feedback; zero where there is none.
    pub keys: [u64; MAX_KEYS],
    /// Models whose call failed.
    pub failed: ModelSet,
    /// Models whose satisfaction is known.
    pub rated: ModelSet,
    /// Models whose cost is known.
    pub costed: ModelSet,
    /// Models whose latency is known.
    pub timed: ModelSet,
}

impl PendingDecision {
    /// Number of the call of a model; none where it is not the one chosen.
    pub fn call_of(&self, model: usize) -> Option<u64> {
        (model == self.model).then_some(self.call)
    }

    /// Whether anything is known that only a call that was answered brings.
    pub fn has_answered(&self, model: usize) -> bool {
        [self.rated, self.costed, self.timed].iter().any(|known| known.contains(model))
    }

    /// Whether feedback of this name has come before.
    pub fn has_key(&self, key: u64) -> bool {
        self.keys.contains(&key)
    }

    /// Remember the name of feedback, in place of the oldest one.
    pub fn add_key(&mut self, key: u64) {
        self.keys.rotate_right(1);
        self.keys[0] = key;
    }

    /// A call that was made for it.
    pub(crate) fn call_to<'a>(&self, model: usize, features: &'a [f32]) -> Call<'a> {
        Call {
            model,
            features,
            input_tokens: self.input_tokens,
            cached_tokens: if model == self.model { self.cached_tokens } else { 0 },
            explored: self.explored,
        }
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.u128(self.id);
        out.u64(self.step);
        out.u64(self.model as u64);
        out.u64(self.level as u64);
        let Expectations { level, limits: [first, second] } = self.expectations;
        for expectation in [level, first, second] {
            out.f64s(&[expectation.shortfall, expectation.fading]);
        }
        let shadow = u64::from(self.shadow_choice.is_some());
        let rated = u64::from(self.accounted_rating.is_some());
        let audited = u64::from(self.audited);
        let (explored, accounted) = (u64::from(self.explored), u64::from(self.accounted));
        let (closed, cancelled) = (u64::from(self.closed), u64::from(self.cancelled));
        let flags = explored | accounted << 1 | shadow << 2 | rated << 3 | audited << 4;
        out.u64(flags | closed << 5 | cancelled << 6 | (self.reason as u64) << 8);
        self.shadow_choice.iter().for_each(|choice| choice.encode(out));
        out.u64s(&[self.at, self.call]);
        let tokens = self.input_tokens.map_or(0, |tokens| u64::from(tokens.get()));
        out.u64(tokens | u64::from(self.cached_tokens) << 32);
        out.f64(self.p_satisfied);
        for set in [self.also_query, self.failed, self.rated, self.costed, self.timed] {
            out.u64(set.bits());
        }
        if let Some((model, rating)) = self.accounted_rating {
            out.u8(model as u8);
            out.f64(rating);
        }
        if self.audited {
            out.f64(self.audit_weight);
        }
        self.evidence.encode(out);
        out.u64s(&self.keys);
        out.u8(self.ranking.iter().count() as u8);
        self.ranking.iter().for_each(|model| out.u8(model as u8));
    }

    pub(super) fn decode(input: &mut Reader<'_>, n_levels: usize, n_models: usize) -> Result<Self> {
        let id = input.u128()?;
        let step = input.u64()?;
        let model = input.u64()?;
        let level = input.u64()?;
        let mut numbers = [0.0; 6];
        input.f64s(&mut numbers)?;
        let expectation =
            |at: usize| Expectation { shortfall: numbers[at], fading: numbers[at + 1] };
        let expectations =
            Expectations { level: expectation(0), limits: [expectation(2), expectation(4)] };
        let flags = input.u64()?;
        let shadow_choice =
            (flags & 4 == 4).then(|| ShadowChoice::decode(input, n_models)).transpose()?;
        let at = input.u64()?;
        let call = if input.found_format() < 3 { 0 } else { input.u64()? };
        let (input_tokens, p_satisfied) = (input.u64()?, input.f64()?);
        let [also_query, failed, rated, costed, timed] =
            [input.u64()?, input.u64()?, input.u64()?, input.u64()?, input.u64()?];
        let (mut accounted_rating, mut audit_weight) = (None, 0.0);
        let (mut evidence, mut keys) = (EvidenceSet::default(), [0; MAX_KEYS]);
        if input.found_format() >= 3 {
            if flags & 8 == 8 {
                let (model, rating) = (usize::from(input.u8()?), input.f64()?);
                if model >= n_models || !(0.0..=1.0).contains(&rating) {
                    return Err(Error::state("ratings must be of known models, in [0, 1]", rating));
                }
                accounted_rating = Some((model, rating));
            }
            if flags & 16 == 16 {
                audit_weight = if input.found_format() >= 6 { input.f64()? } else { 1.0 };
                if !(0.0..=1.0).contains(&audit_weight) {
                    return Err(Error::state("weights of audits must be in [0, 1]", audit_weight));
                }
            }
            evidence = EvidenceSet::decode(input, n_models)?;
            input.u64s(&mut keys)?;
        }
        let ranking = if input.found_format() < 3 {
            std::iter::once(model as usize).collect()
        } else {
            let len = input.u8()?;
            (0..len).map(|_| Ok(usize::from(input.u8()?))).collect::<Result<Ranking>>()?
        };
        let known = ModelSet::all(n_models).bits();
        if model >= n_models as u64
            || ranking.iter().any(|model| model >= n_models)
            || flags & 0xff > 127
            || (also_query | failed | rated | costed | timed) & !known != 0
        {
            return Err(Error::state("decisions must name models of the zoo", model));
        }
        let reason = usize::try_from(flags >> 8).ok().and_then(|code| Reason::ALL.get(code));
        let Some(&reason) = reason else {
            return Err(Error::state("decisions must have a reason", flags));
        };
        if level >= n_levels as u64 {
            return Err(Error::state("decisions must name service levels", level));
        }
        if !(0.0..=1.0).contains(&p_satisfied) {
            return Err(Error::state("probabilities must be in [0, 1]", p_satisfied));
        }
        Ok(Self {
            id,
            step,
            at,
            call,
            input_tokens: NonZeroU32::new(input_tokens as u32),
            cached_tokens: (input_tokens >> 32) as u32,
            p_satisfied,
            shadow_choice,
            failed: ModelSet::from_bits(failed),
            model: model as usize,
            ranking,
            level: level as usize,
            expectations,
            explored: flags & 1 == 1,
            accounted: flags & 2 == 2,
            accounted_rating,
            audit_weight,
            audited: flags & 16 == 16,
            closed: flags & 32 == 32,
            cancelled: flags & 64 == 64,
            reason,
            evidence,
            keys,
            also_query: ModelSet::from_bits(also_query),
            rated: ModelSet::from_bits(rated),
            costed: ModelSet::from_bits(costed),
            timed: ModelSet::from_bits(timed),
        })
    }
}
