//! The course of a controller's life in a bounded number of points, for plots.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};

/// Most points kept.
const CAPACITY: usize = 256;

/// Totals at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Requests the queue had accounted for.
    pub accounted: u64,
    /// Sum of their satisfaction.
    pub satisfaction: f64,
    /// The backlog after them.
    pub backlog: f64,
    /// Calls whose cost was known.
    pub costed: u64,
    /// Sum of them.
    pub cost: f64,
}

/// Every `stride`-th point; the stride doubles whenever there is no room left.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    stride: u64,
    points: Vec<Point>,
}

impl History {
    /// Nothing yet; the room is reserved at once.
    pub fn new() -> Self {
        Self { stride: 1, points: Vec::with_capacity(CAPACITY) }
    }

    /// The points kept, oldest first.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Keep a point if it is its turn.
    pub fn push(&mut self, point: Point) {
        if !point.accounted.is_multiple_of(self.stride) {
            return;
        }
        if self.points.len() == CAPACITY {
            self.stride *= 2;
            let stride = self.stride;
            self.points.retain(|point| point.accounted.is_multiple_of(stride));
            return self.push(point);
        }
        self.points.push(point);
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64s(&[self.stride, self.points.len() as u64]);
        for point in &self.points {
            out.u64s(&[point.accounted, point.costed]);
            out.f64s(&[point.satisfaction, point.backlog, point.cost]);
        }
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        let (stride, len) = (input.u64()?, input.u64()?);
        if !stride.is_power_of_two() || len > CAPACITY as u64 {
            return Err(Error::state("the history must have a stride and at most 256 points", len));
        }
        self.stride = stride;
        self.points.clear();
        for _ in 0..len {
            let (accounted, costed) = (input.u64()?, input.u64()?);
            let (satisfaction, backlog, cost) = (input.f64()?, input.f64()?, input.f64()?);
            self.points.push(Point { accounted, satisfaction, backlog, costed, cost });
        }
        Ok(())
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, History, Point};

    #[test]
    fn keeps_evenly_spaced_points() {
        let mut history = History::new();
        for accounted in 1..=10_000 {
            history.push(Point { accounted, ..Point::default() });
        }
        let points = history.points();
        assert!(points.len() > CAPACITY / 2 && points.len() <= CAPACITY);
        assert!(points.windows(2).all(|pair| pair[1].accounted - pair[0].accounted == 64));
        assert_eq!(points[0].accounted, 64);
    }
}
