//! Changes of the zoo while it serves.

use super::Controller;
use crate::error::{Error, Result};
use crate::types::zoo::{self, ModelSpec, ZooChange};

impl Controller {
    /// The models that may serve.
    pub fn active(&self) -> crate::ModelSet {
        self.active
    }

    /// Change the zoo; what was learned about other models stays.
    ///
    /// A new model gets the next index and starts from its listed cost and quality. One that leaves
    /// keeps its index, and feedback on its answers is accepted.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a model that breaks a rule of the zoo, [`Error::Input`] for one that has
    /// left or was never there, or is the last. Nothing has changed then.
    pub fn change_zoo(&mut self, change: &ZooChange) -> Result<()> {
        let mut models = self.config.models.clone();
        match change {
            ZooChange::Add { model } => self.add(models, model),
            &ZooChange::Remove { index } => {
                find(&mut models, index)?.retired = true;
                if zoo::active(&models).is_empty() {
                    let found = &models[index].name;
                    return Err(Error::input("model", "must not be the last of the zoo", found));
                }
                self.take(models)
            }
            ZooChange::Reprice { index, cost } => {
                find(&mut models, *index)?.cost = cost.clone();
                self.take(models)?;
                self.policy.reprice(*index, cost);
                Ok(())
            }
            &ZooChange::Equip { index, max_input_tokens, ref supports } => {
                let model = find(&mut models, index)?;
                (model.max_input_tokens, model.supports) = (max_input_tokens, supports.clone());
                self.take(models)
            }
        }
    }

    fn add(&mut self, mut models: Vec<ModelSpec>, model: &ModelSpec) -> Result<()> {
        let model = ModelSpec { retired: false, ..model.clone() };
        let known = models.iter().position(|known| known.name == model.name && known.retired);
        if let Some(index) = known {
            let cost = model.cost.clone();
            models[index] = model;
            self.take(models)?;
            self.policy.reprice(index, &cost);
        } else {
            models.push(model.clone());
            self.take(models)?;
            self.policy.add(&model, self.config.n_features);
            self.breaker.add();
            self.stats.add();
        }
        Ok(())
    }

    fn take(&mut self, models: Vec<ModelSpec>) -> Result<()> {
        self.config = self.config.with_models(models)?;
        self.active = zoo::active(&self.config.models);
        Ok(())
    }
}

/// A model that has not left.
fn find(models: &mut [ModelSpec], index: usize) -> Result<&mut ModelSpec> {
    match models.get_mut(index) {
        Some(model) if !model.retired => Ok(model),
        Some(model) => {
            Err(Error::input("model", "must be in the zoo", format!("{:?}", model.name)))
        }
        None => Err(Error::input("model", "must be in the zoo", index)),
    }
}
