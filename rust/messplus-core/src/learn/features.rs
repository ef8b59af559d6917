//! Features as the learners take them.

use super::logistic::dot;

/// Longer feature vectors are shortened to this length: beliefs are made for about unit length.
const MAX_NORM: f64 = 4.0;

/// Copy features, zeros where there are none, shortened to at most [`MAX_NORM`].
pub fn shorten(features: &[f32], x: &mut [f32]) {
    if features.is_empty() {
        x.fill(0.0);
        return;
    }
    let norm = dot(features, features).sqrt();
    let scale = if norm > MAX_NORM { MAX_NORM / norm } else { 1.0 };
    for (x, &feature) in x.iter_mut().zip(features) {
        *x = (f64::from(feature) * scale) as f32;
    }
}
