//! Logged dialogues, stored flat.

use messplus_base::Invalid;

use super::action::{Action, ActionSpace};
use super::association::check_association;
use super::frame::{Frame, MAX_TASKS};
use super::window::{Window, check_span};
use crate::error::{Error, Result};

/// One logged turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Turn<'a> {
    /// Task of the prompt, `0..tasks`.
    pub task: usize,
    /// Action of the behaviour policy.
    pub action: Action,
    /// Response score the action earned.
    pub score: f64,
    /// Association of the prompt with each modality.
    pub association: &'a [f32],
}

/// A set of dialogues over one action space and one task vocabulary.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    space: ActionSpace,
    tasks: usize,
    starts: Vec<usize>,
    task: Vec<u16>,
    action: Vec<u16>,
    score: Vec<f64>,
    association: Vec<f32>,
}

impl Dataset {
    /// An empty set over `space` and `tasks` task categories.
    ///
    /// # Errors
    /// `tasks` outside `1..=1000`.
    pub fn new(space: ActionSpace, tasks: usize) -> Result<Self> {
        if tasks == 0 || tasks > MAX_TASKS {
            return Err(Error::input("tasks", "must be in 1..=1000", tasks));
        }
        Ok(Self {
            space,
            tasks,
            starts: vec![0],
            task: vec![],
            action: vec![],
            score: vec![],
            association: vec![],
        })
    }

    /// Appends one dialogue.
    ///
    /// # Errors
    /// The dialogue has no turn, or a turn is out of range; nothing is appended then.
    pub fn push<'a>(&mut self, turns: impl Iterator<Item = Turn<'a>> + Clone) -> Result<()> {
        let dialogue = self.len();
        let mut count = 0;
        for (t, turn) in turns.clone().enumerate() {
            let at = |what: &str| format!("dialogue {dialogue}, turn {t}, {what}");
            if turn.task >= self.tasks {
                return Err(Error::input(
                    at("task"),
                    "must be below the number of tasks",
                    turn.task,
                ));
            }
            if turn.action >= self.space.len() {
                return Err(Error::input(at("action"), "must be below 1 + 2^M", turn.action));
            }
            if !turn.score.is_finite() {
                return Err(Error::input(at("score"), "must be finite", turn.score));
            }
            check_association(&self.space, turn.association)
                .map_err(|invalid| Invalid { field: at(&invalid.field), ..invalid })?;
            count += 1;
        }
        if count == 0 {
            return Err(Error::input(
                format!("dialogue {dialogue}"),
                "must have at least one turn",
                0,
            ));
        }
        for turn in turns {
            self.task.push(turn.task as u16);
            self.action.push(turn.action as u16);
            self.score.push(turn.score);
            self.association.extend_from_slice(turn.association);
        }
        self.starts.push(self.task.len());
        Ok(())
    }

    /// The action space.
    #[must_use]
    pub fn space(&self) -> &ActionSpace {
        &self.space
    }

    /// Number of task categories K.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// Number of dialogues.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there is no dialogue.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of turns over all dialogues.
    #[must_use]
    pub fn total_turns(&self) -> usize {
        self.task.len()
    }

    /// Number of turns of one dialogue.
    #[must_use]
    pub fn turns(&self, dialogue: usize) -> usize {
        self.starts[dialogue + 1] - self.starts[dialogue]
    }

    /// Longest dialogue, in turns.
    #[must_use]
    pub fn max_turns(&self) -> usize {
        (0..self.len()).map(|d| self.turns(d)).max().unwrap_or(0)
    }

    /// One turn of one dialogue.
    #[must_use]
    pub fn turn(&self, dialogue: usize, t: usize) -> Turn<'_> {
        let row = self.starts[dialogue] + t;
        let m = self.space.modalities();
        Turn {
            task: self.task[row].into(),
            action: self.action[row].into(),
            score: self.score[row],
            association: &self.association[row * m..(row + 1) * m],
        }
    }

    /// The turns of one dialogue.
    pub fn dialogue(&self, dialogue: usize) -> impl Iterator<Item = Turn<'_>> + Clone {
        (0..self.turns(dialogue)).map(move |t| self.turn(dialogue, t))
    }

    /// The logged windows: for every turn, the last `span` frames under the behaviour policy's
    /// history.
    ///
    /// # Errors
    /// `span` outside `1..=8`.
    pub fn logged_windows(&self, span: usize) -> Result<Vec<(Window, Turn<'_>)>> {
        let span = check_span(span)?;
        let mut rows = Vec::with_capacity(self.total_turns());
        for d in 0..self.len() {
            let (mut window, mut previous) = (Window::default(), None);
            for turn in self.dialogue(d) {
                window.push(Frame::new(&self.space, previous, turn.task), span);
                previous = Some(turn.action);
                rows.push((window, turn));
            }
        }
        Ok(rows)
    }

    /// The dialogues with the given indices, in that order.
    ///
    /// # Errors
    /// An index is out of range.
    pub fn select(&self, dialogues: &[usize]) -> Result<Self> {
        let mut picked = Self::new(self.space.clone(), self.tasks)?;
        for &d in dialogues {
            if d >= self.len() {
                return Err(Error::input("dialogue", "must be below the number of dialogues", d));
            }
            picked.push(self.dialogue(d))?;
        }
        Ok(picked)
    }
}
