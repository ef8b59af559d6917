//! Who may serve a request: models that are allowed, still in the zoo, and able to.

use messplus_base::Invalid;

use super::Controller;
use crate::error::{Error, Result};
use crate::types::model_set::ModelSet;
use crate::types::request::Request;
use crate::types::zoo::ModelSpec;

impl Controller {
    /// The models that may serve a request: those of [`allowed`](Request::allowed) that have not left
    /// the zoo, take a prompt of its length and support what it requires.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where none is allowed, [`Error::Unservable`] where none of them can serve.
    pub fn eligible(&self, request: &Request<'_>) -> Result<ModelSet> {
        let named = request.allowed.unwrap_or(self.active);
        if named.is_empty() {
            return Err(Error::input("allowed", "must name at least one model", "none"));
        }
        let models = &self.config.models;
        if let Some(stranger) = named.iter().find(|&model| model >= models.len()) {
            return Err(Error::input("allowed", "must name models of the zoo", stranger));
        }
        let allowed = named.intersection(self.active);
        if allowed.is_empty() {
            let rule = "must name a model that has not left the zoo";
            return Err(Error::input("allowed", rule, self.names(named)));
        }
        let able = |&model: &usize| models[model].can_serve(request.requires, request.input_tokens);
        let eligible: ModelSet = allowed.iter().filter(able).collect();
        if eligible.is_empty() {
            return Err(self.unservable(request, allowed));
        }
        Ok(eligible)
    }

    fn names(&self, models: ModelSet) -> String {
        let names = models.iter().map(|model| format!("{:?}", self.config.models[model].name));
        names.collect::<Vec<_>>().join(", ")
    }

    /// Says what was required and what each of the models can do.
    fn unservable(&self, request: &Request<'_>, allowed: ModelSet) -> Error {
        let mut required = request.requires.to_vec();
        required.extend(request.input_tokens.map(|tokens| format!("{tokens} input tokens")));
        let offers = allowed.iter().map(|model| offer(&self.config.models[model]));
        let found =
            format!("{}, where {}", required.join(", "), offers.collect::<Vec<_>>().join("; "));
        let rule = "must be what an allowed model can serve";
        Error::Unservable(Invalid::new("requires", rule, found))
    }
}

fn offer(spec: &ModelSpec) -> String {
    let supports = match &spec.supports {
        None => "anything".to_owned(),
        Some(supports) if supports.is_empty() => "text alone".to_owned(),
        Some(supports) => supports.iter().cloned().collect::<Vec<_>>().join(", "),
    };
    let most = spec.max_input_tokens.map(|most| format!(" up to {most} input tokens"));
    format!("{:?} supports {supports}{}", spec.name, most.unwrap_or_default())
}
