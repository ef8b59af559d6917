//! The arguments of `feedback` as outcomes per model.

use messplus_core::Outcome;
use pyo3::prelude::*;
use pyo3::types::PyBool;

use super::names::{Names, as_dict};
use crate::error::InputError;

/// Gather `satisfied`, `cost` and `latency`, each one value for `served` or a mapping by model.
pub fn gather(
    names: &Names,
    served: usize,
    satisfied: Option<&Bound<'_, PyAny>>,
    cost: Option<&Bound<'_, PyAny>>,
    latency: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<Outcome>> {
    let mut outcomes = Outcomes { names, served, gathered: Vec::with_capacity(1) };
    outcomes.add("satisfied", satisfied, |outcome| &mut outcome.satisfaction)?;
    outcomes.add("cost", cost, |outcome| &mut outcome.cost)?;
    outcomes.add("latency", latency, |outcome| &mut outcome.latency)?;
    if outcomes.gathered.is_empty() {
        let rule = "needs at least one of satisfied, cost and latency";
        return Err(InputError::new_err(format!("feedback: {rule}, got none")));
    }
    Ok(outcomes.gathered)
}

struct Outcomes<'a> {
    names: &'a Names,
    served: usize,
    gathered: Vec<Outcome>,
}

impl Outcomes<'_> {
    fn add(
        &mut self,
        field: &str,
        given: Option<&Bound<'_, PyAny>>,
        part: fn(&mut Outcome) -> &mut Option<f64>,
    ) -> PyResult<()> {
        let Some(given) = given else { return Ok(()) };
        if let Some(by_model) = as_dict(given)? {
            for (name, value) in by_model {
                let model = self.names.index(field, &name)?;
                *part(self.of(model)) = Some(number(field, &value)?);
            }
        } else {
            *part(self.of(self.served)) = Some(number(field, given)?);
        }
        Ok(())
    }

    fn of(&mut self, model: usize) -> &mut Outcome {
        let place = self.gathered.iter().position(|outcome| outcome.model == model);
        let place = place.unwrap_or_else(|| {
            self.gathered.push(Outcome { model, satisfaction: None, cost: None, latency: None });
            self.gathered.len() - 1
        });
        &mut self.gathered[place]
    }
}

pub fn number(field: &str, value: &Bound<'_, PyAny>) -> PyResult<f64> {
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(f64::from(u8::from(truth.is_true())));
    }
    value.extract().map_err(|_| match value.repr() {
        Ok(repr) => InputError::new_err(format!("{field}: must be a number, got {repr}")),
        Err(error) => error,
    })
}
