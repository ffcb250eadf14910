//! Did the restore keep to the recovery time objective?

use crate::{
    finding::{Code, Finding},
    plan::Limits,
    units::Age,
};

/// What there is to say about how long the restore took.
#[must_use]
pub fn rto(took: Age, limits: &Limits) -> Option<Finding> {
    let allowed = limits.rto?;
    if took <= allowed {
        return None;
    }
    let message = format!("restoring took {took}");
    let seconds = took.0.as_secs_f64();
    let detail = format!("It took {seconds:.1} seconds; `limits.rto` is {allowed}.");
    let finding = Finding::new(Code::RestoreRto, message).detail(detail);
    Some(finding.value(took.to_string()).limit(allowed.to_string()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn exactly_the_objective_is_kept_and_more_is_not() {
        let limits = Limits {
            rto: Some(Age::from_secs(2_700)),
            ..Limits::default()
        };
        assert_eq!(rto(Age::from_secs(2_700), &limits), None);
        assert_eq!(
            rto(Age(Duration::from_millis(2_700_001)), &limits)
                .unwrap()
                .code,
            Code::RestoreRto
        );
        assert_eq!(rto(Age::from_secs(u64::MAX), &Limits::default()), None);
    }
}
