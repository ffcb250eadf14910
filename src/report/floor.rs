//! The least time that a run could have taken on its cores: what lies between that and the whole run is waiting.

use serde::{Deserialize, Serialize};

use super::Stage;

/// The least time that a run could have taken with every core at work from its beginning to its end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// How long that is.
    pub seconds: f64,
    /// How much of the whole run it is, from 0 to 1.
    pub share: f64,
    /// The CPU time of the stages, as far as it is known.
    pub cpu_seconds: f64,
    /// How many cores there were.
    pub cores: u64,
}

impl Floor {
    /// The floor of a run that took so many seconds. `None` where the CPU time of the restore is not known: what is known
    /// of the other stages is no floor worth the name.
    #[must_use]
    pub fn of(stages: &[Stage], seconds: f64, cores: u32) -> Option<Self> {
        let mut restores = stages.iter().filter(|stage| stage.name == "restore");
        let known = restores.next()?.cpu_seconds.is_some()
            && restores.all(|stage| stage.cpu_seconds.is_some());
        if !known || seconds <= 0.0 || cores == 0 {
            return None;
        }
        let cpu: f64 = stages.iter().filter_map(|stage| stage.cpu_seconds).sum();
        // The two clocks tick apart: a run is never faster than its floor.
        let floor = (cpu / f64::from(cores)).min(seconds);
        Some(Self {
            seconds: floor,
            share: floor / seconds,
            cpu_seconds: cpu,
            cores: cores.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(of: &[(&str, Option<f64>)]) -> Vec<Stage> {
        let stages = of.iter().map(|&(name, cpu_seconds)| Stage {
            name: name.to_owned(),
            cpu_seconds,
            ..Stage::default()
        });
        stages.collect()
    }

    #[test]
    fn the_floor_is_the_cpu_time_over_the_cores() {
        let stages = stages(&[("open", Some(1.0)), ("restore", Some(6.0)), ("stop", None)]);
        let floor = Floor::of(&stages, 7.0, 2).unwrap();
        let figures = (floor.seconds, floor.share, floor.cpu_seconds, floor.cores);
        assert_eq!(figures, (3.5, 0.5, 7.0, 2));
    }

    #[test]
    fn clocks_that_tick_apart_give_no_run_that_is_faster_than_its_floor() {
        let floor = Floor::of(&stages(&[("restore", Some(10.1))]), 10.0, 1).unwrap();
        assert_eq!((floor.seconds, floor.share), (10.0, 1.0));
    }

    #[test]
    fn without_the_restore_there_is_no_floor() {
        assert_eq!(Floor::of(&stages(&[("open", Some(1.0))]), 2.0, 2), None);
        let of_a_service = stages(&[("open", Some(1.0)), ("restore", None)]);
        assert_eq!(Floor::of(&of_a_service, 2.0, 2), None);
        assert_eq!(Floor::of(&stages(&[("restore", Some(1.0))]), 0.0, 2), None);
        assert_eq!(Floor::of(&stages(&[("restore", Some(1.0))]), 2.0, 0), None);
    }
}
