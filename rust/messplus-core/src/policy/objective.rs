//! The problem solved for every request: drift plus penalty, smallest first.

/// Score of one model, lower is better: `V E + Q (alpha - p)`, what MESS+ minimises for every request
/// (arXiv 2505.19947, algorithm 1; drift plus penalty: Neely, *Stochastic Network Optimization*,
/// 2010, ch. 4).
///
/// `cost` is the expected cost E, `backlog` the weight Q on satisfaction, `p_satisfied` the
/// predicted probability. Finite arguments of ordinary size give a finite score.
pub fn drift_plus_penalty(v: f64, cost: f64, backlog: f64, alpha: f64, p_satisfied: f64) -> f64 {
    v * cost + backlog * (alpha - p_satisfied)
}

/// Order `ranking` by ascending score; equal scores go to the lowest model index.
///
/// Insertion sort: zoos are small, nothing is allocated, and entries arrive nearly sorted by index.
pub fn rank(scores: &[f64], ranking: &mut [usize]) {
    for end in 1..ranking.len() {
        let model = ranking[end];
        let mut hole = end;
        while hole > 0 && precedes(scores, model, ranking[hole - 1]) {
            ranking[hole] = ranking[hole - 1];
            hole -= 1;
        }
        ranking[hole] = model;
    }
}

/// The first model of `among` with the lowest score.
pub fn lowest(scores: &[f64], among: &[usize]) -> usize {
    let mut best = among[0];
    for &model in among {
        if scores[model] < scores[best] {
            best = model;
        }
    }
    best
}

/// Move `model` to the head of the ranking; the others keep their order.
pub fn put_first(ranking: &mut [usize], model: usize) {
    if let Some(place) = ranking.iter().position(|&ranked| ranked == model) {
        ranking[..=place].rotate_right(1);
    }
}

fn precedes(scores: &[f64], a: usize, b: usize) -> bool {
    scores[a] < scores[b] || (scores[a] == scores[b] && a < b)
}

#[cfg(test)]
mod tests {
    use super::{drift_plus_penalty, rank};

    #[test]
    fn weighs_cost_against_shortfall() {
        // 0.5 * 4 + 2 * (0.75 - 0.25) = 3
        assert_eq!(drift_plus_penalty(0.5, 4.0, 2.0, 0.75, 0.25), 3.0);
    }

    #[test]
    fn ties_go_to_the_lowest_index() {
        let mut ranking = [3, 2, 1, 0];
        rank(&[2.0, 1.0, 1.0, 0.5], &mut ranking);
        assert_eq!(ranking, [3, 1, 2, 0]);
    }
}
