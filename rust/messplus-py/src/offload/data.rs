//! `messplus._core.OffloadData`: logged dialogues.

use std::sync::Arc;

use messplus_offload::{ActionSpace, Dataset, Random, Shape, Turn, generate};
use pyo3::prelude::*;

use super::error::to_py;
use crate::convert;
use crate::error::{InputError, ShapeError};

/// Logged dialogues: task, action, score and associations turn after turn.
#[pyclass(frozen, name = "OffloadData", module = "messplus._core")]
pub struct PyData {
    pub inner: Arc<Dataset>,
}

#[pymethods]
impl PyData {
    #[new]
    fn new(
        modalities: usize,
        tasks: usize,
        lengths: &Bound<'_, PyAny>,
        task: &Bound<'_, PyAny>,
        action: &Bound<'_, PyAny>,
        score: &Bound<'_, PyAny>,
        association: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let lengths: Vec<i64> = convert::copied("lengths", &[None], lengths)?;
        let task: Vec<i64> = convert::copied("task", &[None], task)?;
        let rows = task.len();
        let action: Vec<i64> = convert::copied("action", &[Some(rows)], action)?;
        let score: Vec<f64> = convert::copied("score", &[Some(rows)], score)?;
        let shape = [Some(rows), Some(modalities)];
        let association: Vec<f32> = convert::copied("association", &shape, association)?;
        let mut data =
            Dataset::new(ActionSpace::new(modalities).map_err(to_py)?, tasks).map_err(to_py)?;
        let mut first = 0_usize;
        for length in lengths {
            let end = usize::try_from(length)
                .ok()
                .and_then(|n| first.checked_add(n))
                .filter(|&end| end <= rows);
            let Some(end) = end else {
                return Err(ShapeError::new_err(format!(
                    "lengths: must add up to the {rows} turns"
                )));
            };
            // Negative numbers become too large ones, which the core refuses by name.
            data.push((first..end).map(|row| Turn {
                task: usize::try_from(task[row]).unwrap_or(usize::MAX),
                action: usize::try_from(action[row]).unwrap_or(usize::MAX),
                score: score[row],
                association: &association[row * modalities..(row + 1) * modalities],
            }))
            .map_err(to_py)?;
            first = end;
        }
        if first != rows {
            return Err(ShapeError::new_err(format!(
                "lengths: must add up to the {rows} turns, got {first}"
            )));
        }
        Ok(Self { inner: Arc::new(data) })
    }

    /// Generate dialogues with the published distributions.
    #[staticmethod]
    fn generate(
        py: Python<'_>,
        modalities: usize,
        tasks: usize,
        turns: usize,
        dialogues: usize,
        seed: u64,
    ) -> PyResult<Self> {
        let shape = Shape { modalities, tasks, turns };
        let data =
            py.detach(|| generate(shape, dialogues, &mut Random::new(seed))).map_err(to_py)?;
        Ok(Self { inner: Arc::new(data) })
    }

    /// Some of the dialogues, in this order.
    fn select(&self, py: Python<'_>, dialogues: Vec<usize>) -> PyResult<Self> {
        let data = py.detach(|| self.inner.select(&dialogues)).map_err(to_py)?;
        Ok(Self { inner: Arc::new(data) })
    }

    /// Turns of each dialogue.
    #[getter]
    fn lengths(&self) -> Vec<usize> {
        (0..self.inner.len()).map(|d| self.inner.turns(d)).collect()
    }

    /// Task, action, score and association of one turn.
    fn turn(&self, dialogue: usize, turn: usize) -> PyResult<(usize, usize, f64, Vec<f32>)> {
        if dialogue >= self.inner.len() || turn >= self.inner.turns(dialogue) {
            return Err(InputError::new_err(format!(
                "dialogue, turn: must be in range, got {dialogue}, {turn}"
            )));
        }
        let turn = self.inner.turn(dialogue, turn);
        Ok((turn.task, turn.action, turn.score, turn.association.to_vec()))
    }

    /// The logged observations of one dialogue, oldest frame first, turn after turn.
    fn observations<'py>(
        &self,
        py: Python<'py>,
        dialogue: usize,
        span: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        let data = self.inner.select(&[dialogue]).map_err(to_py)?;
        let modalities = data.space().modalities();
        let width = span * (modalities + 2);
        let mut out = vec![0.0; width * data.total_turns()];
        let windows = data.logged_windows(span).map_err(to_py)?;
        for ((window, _), slot) in windows.iter().zip(out.chunks_exact_mut(width)) {
            window.write(modalities, span, slot);
        }
        Ok(convert::vector(py, out))
    }
}
