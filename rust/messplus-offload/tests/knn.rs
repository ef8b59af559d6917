//! The indexed estimator against a plain scan over unpacked keys.

use messplus_offload::{ActionSpace, Dataset, KnnEstimator, Turn, Window};
use proptest::prelude::*;

const SPAN: usize = 3;
const K: usize = 5;

type Row = (usize, usize, f64);

/// Dialogues of 1 to 5 turns over two modalities and three tasks: `(task, action, score)` per turn.
fn dialogues() -> impl Strategy<Value = Vec<Vec<Row>>> {
    let turn = (0..3_usize, 0..5_usize, 0.0..2.0);
    prop::collection::vec(prop::collection::vec(turn, 1..=5), 5..30)
}

fn dataset(dialogues: &[Vec<Row>]) -> Dataset {
    let mut data = Dataset::new(ActionSpace::new(2).unwrap(), 3).unwrap();
    for dialogue in dialogues {
        let turns = dialogue.iter().map(|&(task, action, score)| Turn {
            task,
            action,
            score,
            association: &[0.2, 0.3],
        });
        data.push(turns).unwrap();
    }
    data
}

/// The key as numbers: observation, then `[cloud, x_0, x_1]`.
fn key(space: &ActionSpace, window: &Window, action: usize) -> Vec<f32> {
    let mut key = vec![0.0; SPAN * 4 + 3];
    window.write(2, SPAN, &mut key);
    if let Some(mask) = space.decode(action) {
        key[SPAN * 4] = 1.0;
        key[SPAN * 4 + 1] = (mask & 1) as f32;
        key[SPAN * 4 + 2] = (mask >> 1) as f32;
    }
    key
}

fn scan(data: &Dataset, window: &Window, action: usize) -> f64 {
    let query = key(data.space(), window, action);
    let mut rows: Vec<(f64, f64)> = data
        .logged_windows(SPAN)
        .unwrap()
        .iter()
        .map(|(row, turn)| {
            let row = key(data.space(), row, turn.action);
            let square = row.iter().zip(&query).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
            (square, turn.score)
        })
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let kth = rows[K - 1].0;
    let near = rows.iter().take_while(|row| row.0 <= kth);
    let weighted = near.map(|row| (1.0 / (row.0.sqrt() + 1e-6), row.1));
    let (weights, total) = weighted.fold((0.0, 0.0), |sum, (w, s)| (sum.0 + w, sum.1 + w * s));
    total / weights
}

proptest! {
    #[test]
    fn agrees_with_a_scan_of_all_rows(rows in dialogues()) {
        let data = dataset(&rows);
        let estimator = KnnEstimator::fit(&data, K, SPAN).unwrap();
        for (window, _) in data.logged_windows(SPAN).unwrap() {
            for action in 0..5 {
                let (fast, slow) = (estimator.predict(&window, action), scan(&data, &window, action));
                prop_assert!((fast - slow).abs() < 1e-9, "{} against {}", fast, slow);
            }
        }
    }

    #[test]
    fn does_not_depend_on_the_order_of_dialogues(rows in dialogues()) {
        let (data, mut reversed) = (dataset(&rows), rows.clone());
        reversed.reverse();
        let one = KnnEstimator::fit(&data, K, SPAN).unwrap();
        let other = KnnEstimator::fit(&dataset(&reversed), K, SPAN).unwrap();
        for (window, _) in data.logged_windows(SPAN).unwrap() {
            prop_assert_eq!(one.predict_all(&window), other.predict_all(&window));
        }
    }

    #[test]
    fn observations_are_read_as_they_were_written(rows in dialogues()) {
        let data = dataset(&rows);
        for (window, _) in data.logged_windows(SPAN).unwrap() {
            let mut written = vec![0.0; SPAN * 4];
            window.write(2, SPAN, &mut written);
            prop_assert_eq!(Window::read(data.space(), SPAN, &written).unwrap(), window);
        }
    }
}
