//! How much of what a prompt is about each modality shows.

use messplus_base::Invalid;

use super::action::{Action, ActionSpace};

/// The association mass `C` an action uploads (TMO): the sum over its modalities, zero for local
/// and text-only calls.
#[must_use]
pub fn association_mass(space: &ActionSpace, action: Action, association: &[f32]) -> f64 {
    let mask = space.decode(action).unwrap_or(0);
    let uploaded = association.iter().enumerate().filter(|(m, _)| mask >> m & 1 == 1);
    uploaded.map(|(_, &c)| f64::from(c)).sum()
}

/// [`association_mass`] as a share of the turn's total, in `[0, 1]`; zero where the total is zero.
///
/// This is TMO's `C~`, the mass scaled to `[0, 1]` over the actions: the least uploads nothing and
/// the most everything.
#[must_use]
pub fn association_share(space: &ActionSpace, action: Action, association: &[f32]) -> f64 {
    let total = total(association);
    if total > 0.0 { association_mass(space, action, association) / total } else { 0.0 }
}

/// The share of each modality; equal ones where nothing is known or the total is zero.
#[must_use]
pub fn association_shares(modalities: usize, association: Option<&[f32]>) -> Vec<f64> {
    let association = association.unwrap_or(&[]);
    let total = total(association);
    if total > 0.0 {
        association.iter().map(|&c| f64::from(c) / total).collect()
    } else {
        vec![1.0 / modalities as f64; modalities]
    }
}

fn total(association: &[f32]) -> f64 {
    association.iter().map(|&c| f64::from(c)).sum()
}

/// Accepts one finite value `>= 0` per modality.
pub(crate) fn check_association(
    space: &ActionSpace,
    association: &[f32],
) -> core::result::Result<(), Invalid> {
    if association.len() != space.modalities() {
        let rule = "must have one value per modality";
        return Err(Invalid::new("association", rule, association.len()));
    }
    match association.iter().find(|c| !c.is_finite() || **c < 0.0) {
        Some(c) => Err(Invalid::new("association", "must be finite and >= 0", c)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{ActionSpace, association_mass, association_share, association_shares};

    #[test]
    fn shares_are_those_of_what_is_uploaded() {
        let space = ActionSpace::new(2).unwrap();
        let association = [0.25, 0.75];
        let masses = [0, 1, 2, 3, 4].map(|a| association_mass(&space, a, &association));
        assert_eq!(masses, [0.0, 0.0, 0.25, 0.75, 1.0]);
        assert_eq!(association_share(&space, 3, &[0.5, 1.5]), 0.75);
        assert_eq!(association_share(&space, 4, &[0.0, 0.0]), 0.0);
        assert_eq!(association_shares(2, Some(&[0.5, 1.5])), [0.25, 0.75]);
        assert_eq!(association_shares(2, Some(&[0.0, 0.0])), [0.5, 0.5]);
        assert_eq!(association_shares(2, None), [0.5, 0.5]);
    }
}
