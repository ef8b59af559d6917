//! The logged rows, laid out so that most of them need not be looked at.
//!
//! Within dialogues of the same age every entry of a key except the tasks is a bit: the squared
//! distance of two keys is the number of differing bits plus the squared differences of the tasks.
//! Rows are therefore grouped by age and task sequence, and groups into blocks that share their
//! newest tasks. A block or group whose task distance alone exceeds the k-th smallest distance
//! found is skipped; inside a group one exclusive-or and one bit count give the distance.

use super::comparison::Comparison;
use super::key::{Age, Key, Tasks, task_distance};
use super::nearest::Nearest;
use super::row::Row;

/// Number of tasks the groups of a block share.
const NEWEST: usize = 3;

#[derive(Clone, Debug)]
pub(super) struct Index {
    blocks: Vec<Block>,
    groups: Vec<Group>,
    rows: Vec<Row>,
}

/// Groups of the same age and the same newest tasks: `groups[first..end]`.
#[derive(Clone, Copy, Debug)]
struct Block {
    age: Age,
    newest: [i16; NEWEST],
    first: u32,
    end: u32,
}

/// Rows of the same age and the same tasks: `rows[first..end]`.
#[derive(Clone, Copy, Debug)]
struct Group {
    age: Age,
    tasks: Tasks,
    first: u32,
    end: u32,
}

impl Index {
    /// The index of keys and their scores.
    pub fn new(mut keys: Vec<(Key, f64)>) -> Self {
        // The score is part of the order so that sums do not depend on the order of the rows.
        keys.sort_by(|(a, a_score), (b, b_score)| {
            (a.age, a.tasks, a.bits).cmp(&(b.age, b.tasks, b.bits)).then(a_score.total_cmp(b_score))
        });
        let (mut groups, mut rows) = (Vec::new(), Vec::new());
        for group in keys.chunk_by(|(a, _), (b, _)| (a.age, a.tasks) == (b.age, b.tasks)) {
            let first = rows.len() as u32;
            rows.extend(group.chunk_by(|(a, _), (b, _)| a.bits == b.bits).map(Row::new));
            let Key { age, tasks, .. } = group[0].0;
            groups.push(Group { age, tasks, first, end: rows.len() as u32 });
        }
        let mut first = 0;
        let same_block = |a: &Group, b: &Group| (a.age, a.newest()) == (b.age, b.newest());
        let blocks = groups.chunk_by(same_block).map(|block| {
            let start = first;
            first += block.len() as u32;
            Block { age: block[0].age, newest: block[0].newest(), first: start, end: first }
        });
        Self { blocks: blocks.collect(), groups, rows }
    }

    /// Hands the nearest rows of `query` to `nearest`.
    #[inline(always)]
    pub fn visit(&self, query: &Key, modalities: usize, span: usize, nearest: &mut Nearest) {
        // Rows of the same age and tasks first: they tighten the bound before the long tail is met.
        let twin =
            self.groups.binary_search_by(|g| (g.age, g.tasks).cmp(&(query.age, query.tasks))).ok();
        if let Some(twin) = twin {
            let comparison = Comparison::new(query, query.age, modalities, span);
            comparison.visit(query, self.rows_of(&self.groups[twin]), 0, nearest);
        }
        let mut ages: Vec<&[Block]> = self.blocks.chunk_by(|a, b| a.age == b.age).collect();
        ages.sort_by_key(|blocks| blocks[0].age.abs_diff(query.age));
        for blocks in ages {
            let comparison = Comparison::new(query, blocks[0].age, modalities, span);
            for block in blocks {
                let newest = task_distance(&query.tasks[..NEWEST], &block.newest);
                if comparison.constant + newest > nearest.bound {
                    continue;
                }
                for i in block.first as usize..block.end as usize {
                    let group = &self.groups[i];
                    let floor = comparison.constant + task_distance(&query.tasks, &group.tasks);
                    if floor <= nearest.bound && Some(i) != twin {
                        comparison.visit(query, self.rows_of(group), floor, nearest);
                    }
                }
            }
        }
    }

    fn rows_of(&self, group: &Group) -> &[Row] {
        &self.rows[group.first as usize..group.end as usize]
    }
}

impl Group {
    fn newest(&self) -> [i16; NEWEST] {
        [self.tasks[0], self.tasks[1], self.tasks[2]]
    }
}
