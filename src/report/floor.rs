//! The least time that a run could have taken on its cores and its link: what lies between that and the whole run is waiting.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Stage;

/// The least time that a run could have taken, with every core at work or the link from its beginning to its end.
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
    /// How long ranges of the backup were on their way; none where it came in another way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download_seconds: Option<f64>,
}

impl Floor {
    /// The floor of a run that took so many seconds. `None` where the CPU time of the restore is not known: what is known
    /// of the other stages is no floor worth the name.
    #[must_use]
    pub fn of(
        stages: &[Stage],
        seconds: f64,
        cores: u32,
        download: Option<Duration>,
    ) -> Option<Self> {
        let mut restores = stages.iter().filter(|stage| stage.name == "restore");
        let known = restores.next()?.cpu_seconds.is_some()
            && restores.all(|stage| stage.cpu_seconds.is_some());
        if !known || seconds <= 0.0 || cores == 0 {
            return None;
        }
        let cpu: f64 = stages.iter().filter_map(|stage| stage.cpu_seconds).sum();
        let download = download.map(|took| took.as_secs_f64());
        let floor = (cpu / f64::from(cores)).max(download.unwrap_or(0.0));
        // Clocks tick apart: a run is never faster than its floor.
        let floor = floor.min(seconds);
        Some(Self {
            seconds: floor,
            share: floor / seconds,
            cpu_seconds: cpu,
            cores: cores.into(),
            download_seconds: download,
        })
    }

    /// Whether the download takes longer than what the cores have to do.
    #[must_use]
    pub fn is_download(&self) -> bool {
        let cores = f64::from(u32::try_from(self.cores).unwrap_or(u32::MAX));
        let download = self.download_seconds.unwrap_or(0.0);
        download * cores > self.cpu_seconds
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
        let floor = Floor::of(&stages, 7.0, 2, None).unwrap();
        let figures = (floor.seconds, floor.share, floor.cpu_seconds, floor.cores);
        assert_eq!(figures, (3.5, 0.5, 7.0, 2));
    }

    #[test]
    fn a_download_that_takes_longer_than_the_cores_is_the_floor() {
        let stages = stages(&[("restore", Some(6.0))]);
        let of = |download| {
            let download = Some(Duration::from_secs(download));
            let floor = Floor::of(&stages, 8.0, 2, download).unwrap();
            (floor.seconds, floor.is_download())
        };
        assert_eq!(
            [of(2), of(4), of(9)],
            [(3.0, false), (4.0, true), (8.0, true)]
        );
    }

    #[test]
    fn clocks_that_tick_apart_give_no_run_that_is_faster_than_its_floor() {
        let floor = Floor::of(&stages(&[("restore", Some(10.1))]), 10.0, 1, None).unwrap();
        assert_eq!((floor.seconds, floor.share), (10.0, 1.0));
    }

    #[test]
    fn without_the_restore_there_is_no_floor() {
        assert_eq!(
            Floor::of(&stages(&[("open", Some(1.0))]), 2.0, 2, None),
            None
        );
        let of_a_service = stages(&[("open", Some(1.0)), ("restore", None)]);
        assert_eq!(Floor::of(&of_a_service, 2.0, 2, None), None);
        assert_eq!(
            Floor::of(&stages(&[("restore", Some(1.0))]), 0.0, 2, None),
            None
        );
        assert_eq!(
            Floor::of(&stages(&[("restore", Some(1.0))]), 2.0, 0, None),
            None
        );
    }
}
