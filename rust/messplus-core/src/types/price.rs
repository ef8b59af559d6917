//! What a request to a model is listed to cost: a number, or a price per token.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::check::{is_amount, shown};
use crate::error::{Error, Result};

/// Prices are listed for this many tokens.
const TOKENS_PER_PRICE: f64 = 1e6;

/// Listed cost of one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ListedCost {
    /// The same whatever the request, in any unit: 0 or in `[1e-18, 1e18]`.
    PerRequest(f64),
    /// By the tokens of the request.
    PerToken(TokenPrice),
}

/// Prices per million tokens, as providers publish them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenPrice {
    /// Price of a million tokens of the prompt: 0 or in `[1e-12, 1e12]`.
    pub input: f64,
    /// Price of a million tokens of the answer: 0 or in `[1e-12, 1e12]`.
    pub output: f64,
    /// Expected tokens of an answer, in `[1, 1e9]`.
    pub output_tokens: f64,
    /// Tokens of a prompt where a request does not tell, in `[1, 1e9]`.
    pub input_tokens: f64,
    /// Price of a million tokens of the prompt that the provider has in its cache: 0 or in
    /// `[1e-12, 1e12]`, at most that of others, which it is where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
}

impl ListedCost {
    /// Read a cost written as JSON: a number, or an object of prices.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for anything else. Ranges are checked with the zoo.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|error| Error::config("cost", "must be a number or a price per token", error))
    }

    /// Listed cost of a request whose prompt has this many tokens, or of one of the usual length; so
    /// many of them are cached.
    pub fn of(&self, input_tokens: Option<NonZeroU32>, cached_tokens: u32) -> f64 {
        match self {
            &Self::PerRequest(cost) => cost,
            Self::PerToken(price) => price.of(input_tokens, cached_tokens),
        }
    }

    pub(crate) fn check(&self, field: &str) -> Result<()> {
        match *self {
            Self::PerRequest(cost) if is_amount(cost) => Ok(()),
            Self::PerRequest(cost) => {
                Err(Error::config(field, "must be 0 or in [1e-18, 1e18]", shown(cost)))
            }
            Self::PerToken(TokenPrice {
                input,
                output,
                output_tokens,
                input_tokens,
                cached_input,
            }) => {
                let cached = cached_input.unwrap_or(input);
                for (name, price) in
                    [("input", input), ("output", output), ("cached_input", cached)]
                {
                    // The price of one token is an amount as well.
                    if price != 0.0 && !(1e-12..=1e12).contains(&price) {
                        let field = format!("{field}.{name}");
                        let rule = "must be 0 or in [1e-12, 1e12]";
                        return Err(Error::config(field, rule, shown(price)));
                    }
                }
                for (name, tokens) in
                    [("output_tokens", output_tokens), ("input_tokens", input_tokens)]
                {
                    if !(1.0..=1e9).contains(&tokens) {
                        let field = format!("{field}.{name}");
                        return Err(Error::config(field, "must be in [1, 1e9]", shown(tokens)));
                    }
                }
                if cached > input {
                    let field = format!("{field}.cached_input");
                    return Err(Error::config(field, "must be at most input", shown(cached)));
                }
                Ok(())
            }
        }
    }

    /// Listed cost of a request of the usual length.
    pub fn usual(&self) -> f64 {
        self.of(None, 0)
    }
}

impl TokenPrice {
    fn of(&self, input_tokens: Option<NonZeroU32>, cached_tokens: u32) -> f64 {
        let input_tokens = input_tokens.map_or(self.input_tokens, |tokens| tokens.get().into());
        let saved = match self.cached_input {
            Some(cached) => (self.input - cached) * f64::from(cached_tokens).min(input_tokens),
            None => 0.0,
        };
        (self.input * input_tokens - saved + self.output * self.output_tokens) / TOKENS_PER_PRICE
    }
}

impl From<f64> for ListedCost {
    fn from(cost: f64) -> Self {
        Self::PerRequest(cost)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::{ListedCost, TokenPrice};

    #[test]
    fn tokens_of_prompt_and_answer_are_priced() {
        let mut price = TokenPrice {
            input: 2.0,
            output: 10.0,
            output_tokens: 300.0,
            input_tokens: 500.0,
            cached_input: None,
        };
        let listed = ListedCost::PerToken(price.clone());
        assert_eq!(listed.usual(), 0.004);
        assert_eq!(listed.of(NonZeroU32::new(1000), 400), 0.005);
        assert_eq!(ListedCost::from(3.0).of(NonZeroU32::new(1000), 400), 3.0);
        price.cached_input = Some(0.5);
        let listed = ListedCost::PerToken(price);
        // 600 at 2.0, 400 at 0.5, an answer of 300 at 10.0.
        assert_eq!(listed.of(NonZeroU32::new(1000), 400), 0.0044);
        assert_eq!(listed.of(NonZeroU32::new(1000), 5000), 0.0035);
    }

    #[test]
    fn both_forms_survive_json() {
        for text in ["0.25", r#"{"input":1.0,"output":2.0,"output_tokens":3.0,"input_tokens":4.0}"#]
        {
            let listed: ListedCost = serde_json::from_str(text).expect("valid");
            assert_eq!(serde_json::to_string(&listed).expect("written"), text);
        }
    }
}
