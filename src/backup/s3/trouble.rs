//! What the storage's refusals mean, and what to do about each of them.

use std::error::Error as StdError;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::{Bucket, client::without_a_programs_words};
use crate::{
    error::{Error, sentence, whole},
    finding::Code,
};

/// A request that did not succeed, as far as it matters to us.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble {
    /// The HTTP status, when there was an answer.
    pub(super) status: Option<u16>,
    /// S3's word for it.
    pub(super) code: String,
    /// The region that the service asks for.
    pub(super) region: Option<String>,
    /// The connection could not be made.
    pub(super) unreachable: bool,
    /// No answer came in time.
    pub(super) late: bool,
    /// The connector's or the server's own words.
    text: String,
}

impl<E> From<SdkError<E>> for Trouble
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    fn from(error: SdkError<E>) -> Self {
        let raw = error.raw_response();
        let body = raw
            .and_then(|raw| raw.body().bytes())
            .map(String::from_utf8_lossy);
        let named = raw
            .and_then(|raw| raw.headers().get("x-amz-bucket-region"))
            .filter(|region| is_region(region))
            .map(str::to_owned);
        let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
        let late = matches!(&error, SdkError::TimeoutError(_))
            || matches!(&error, SdkError::DispatchFailure(failure) if failure.is_timeout());
        Self {
            status: raw.map(|raw| raw.status().as_u16()),
            code: meta
                .and_then(|meta| meta.code())
                .unwrap_or_default()
                .to_owned(),
            region: named.or_else(|| body.and_then(|body| wanted_region(&body))),
            unreachable: matches!(&error, SdkError::DispatchFailure(_)),
            late,
            text: match meta {
                Some(meta) => meta.message().unwrap_or_default().to_owned(),
                None => without_a_programs_words(&whole(&error)),
            },
        }
    }
}

impl Trouble {
    /// Nothing came back in time.
    pub(super) fn late() -> Self {
        Self {
            late: true,
            ..Self::default()
        }
    }

    /// A body that broke off or stood still.
    pub(super) fn broken(text: String) -> Self {
        Self {
            unreachable: true,
            text,
            ..Self::default()
        }
    }

    /// Whether the same request may succeed later.
    pub(super) fn passes(&self) -> bool {
        let busy = [
            "SlowDown",
            "Throttling",
            "ThrottlingException",
            "RequestTimeout",
            "TooManyRequests",
            // Somebody else writes the same key at this moment.
            "ConditionalRequestConflict",
        ];
        let status = self
            .status
            .is_some_and(|status| status == 429 || status == 408 || status >= 500);
        let status = status && !self.is_not_implemented();
        status || self.late || self.unreachable || busy.contains(&self.code.as_str())
    }

    /// Whether the service says that this is the wrong region.
    pub(super) fn is_elsewhere(&self) -> bool {
        let words = [
            "PermanentRedirect",
            "AuthorizationHeaderMalformed",
            "IllegalLocationConstraintException",
        ];
        self.status == Some(301) || words.contains(&self.code.as_str())
    }

    /// Whether the object is another one than the one that was listed, or gone.
    pub(super) fn is_changed(&self) -> bool {
        matches!(self.status, Some(412)) || self.is_gone()
    }

    /// Whether the credentials are known, and lack a right.
    pub(super) fn is_denied(&self) -> bool {
        let denied = ["AccessDenied", "AllAccessDisabled"].contains(&self.code.as_str());
        denied || (self.code.is_empty() && matches!(self.status, Some(401 | 403)))
    }

    /// Whether the service does not know what was asked of it.
    pub(super) fn is_not_implemented(&self) -> bool {
        self.status == Some(501) || self.code == "NotImplemented"
    }

    pub(super) fn is_gone(&self) -> bool {
        self.code == "NoSuchKey" || (self.status == Some(404) && self.code != "NoSuchBucket")
    }
}

/// `<Region>` in the XML of an error, or what its message is "expecting".
/// Whether a region may be called so: it becomes part of a host's name and of a signature.
pub(super) fn is_region(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && name.len() < 64 && name.chars().all(plain)
}

fn wanted_region(body: &str) -> Option<String> {
    let between = |start: &str, end: &str| {
        let (_, rest) = body.split_once(start)?;
        let (region, _) = rest.split_once(end)?;
        is_region(region).then(|| region.to_owned())
    };
    between("<Region>", "</Region>")
        .or_else(|| between("expecting '", "'"))
        .or_else(|| between("expecting &apos;", "&apos;"))
}

impl Bucket {
    /// What to tell the user, and what to do next. `doing` says what could not be done.
    pub(super) fn stopped(&self, doing: &str, trouble: &Trouble) -> Error {
        let (cause, hint) = self.meaning(trouble);
        Error::new(doing, hint).because(cause)
    }

    /// The object is another one than the one that was listed.
    pub(super) fn changed(key: &str, cause: &str) -> Error {
        Error::new(
            format!("\"{key}\" was replaced while it was read"),
            Code::BackupChanged.hint(),
        )
        .because(cause)
        .coded(Code::BackupChanged)
    }

    fn meaning(&self, trouble: &Trouble) -> (String, String) {
        let name = &self.name;
        let said = |cause: &str, hint: &str| (cause.to_owned(), hint.to_owned());
        match (trouble.code.as_str(), trouble.status) {
            ("NoSuchBucket", _) => (
                format!("There is no bucket \"{name}\" here."),
                format!(
                    "Check the bucket's name in `{}`, and `backup.endpoint`.",
                    self.purpose.key()
                ),
            ),
            ("InvalidAccessKeyId" | "NotSignedUp" | "InvalidClientTokenId", _) => said(
                "The service does not know this access key.",
                "Check AWS_ACCESS_KEY_ID or the profile, and that `backup.endpoint` is the service that the key belongs to.",
            ),
            ("SignatureDoesNotMatch", _) => said(
                "The secret does not belong to this access key.",
                "Check AWS_SECRET_ACCESS_KEY or the profile: set it again, without spaces around it.",
            ),
            (
                "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "InvalidToken",
                _,
            ) => said(
                "The temporary credentials are no longer valid.",
                "Log in again, or renew AWS_SESSION_TOKEN.",
            ),
            ("RequestTimeTooSkewed", _) => said(
                "The clock of this machine is too far from the service's.",
                "Set this machine's clock (timedatectl set-ntp true), then run again.",
            ),
            ("InvalidObjectState", _) => said(
                "The object is archived and has to be brought back before it can be read.",
                "Restore it from the archive, or choose another one with `--backup`.",
            ),
            _ if trouble.is_elsewhere() => self.elsewhere(trouble),
            _ if trouble.is_denied() || matches!(trouble.status, Some(401 | 403)) => (
                format!(
                    "The service denies this to the credentials in use, in the bucket \"{name}\"."
                ),
                "Allow s3:ListBucket on the bucket and s3:GetObject on its objects.".to_owned(),
            ),
            _ => self.no_answer(trouble),
        }
    }

    fn elsewhere(&self, trouble: &Trouble) -> (String, String) {
        let cause = match &trouble.region {
            Some(region) => format!(
                "The bucket \"{}\" answers in the region \"{region}\".",
                self.name
            ),
            None => format!("The bucket \"{}\" answers in another region.", self.name),
        };
        let hint = match &trouble.region {
            Some(region) => format!("Write `region: {region}` in `backup`, or leave it out."),
            None => "Write the bucket's region in `backup.region`.".to_owned(),
        };
        (cause, hint)
    }

    fn no_answer(&self, trouble: &Trouble) -> (String, String) {
        let place = self.endpoint.as_deref().unwrap_or("Amazon S3");
        match trouble.status {
            Some(status) => {
                let code = if trouble.code.is_empty() {
                    String::new()
                } else {
                    format!(" {}", trouble.code)
                };
                let hint = if trouble.passes() {
                    "Run again later: the service is busy or has a fault.".to_owned()
                } else {
                    let key = self.purpose.key();
                    format!("Check `{key}` and `backup.endpoint`.")
                };
                (
                    sentence(&format!(
                        "The service answered {status}{code}. {}",
                        trouble.text
                    )),
                    hint,
                )
            }
            None if trouble.late => (
                format!("\"{place}\" did not answer in time."),
                "Check `backup.endpoint` and the network, then run again.".to_owned(),
            ),
            None => (
                sentence(&format!("\"{place}\" cannot be reached: {}", trouble.text)),
                "Check `backup.endpoint`, its port, the network and the proxy.".to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_found_in_what_services_answer() {
        let aws = "<Message>the region 'us-east-1' is wrong; expecting 'eu-west-1'</Message><Region>eu-west-1</Region>";
        assert_eq!(wanted_region(aws).as_deref(), Some("eu-west-1"));
        let minio = "the region is wrong; expecting 'garage'.";
        assert_eq!(wanted_region(minio).as_deref(), Some("garage"));
        assert_eq!(wanted_region("<Region><script></Region>"), None);
        assert_eq!(wanted_region("nothing"), None);
    }

    #[test]
    fn a_missing_object_is_told_from_a_missing_bucket() {
        let trouble = |status, code: &str| Trouble {
            status: Some(status),
            code: code.to_owned(),
            ..Trouble::default()
        };
        assert!(trouble(404, "").is_changed());
        assert!(trouble(412, "PreconditionFailed").is_changed());
        assert!(!trouble(404, "NoSuchBucket").is_changed());
        assert!(trouble(503, "SlowDown").passes());
        assert!(trouble(409, "ConditionalRequestConflict").passes());
        assert!(!trouble(501, "NotImplemented").passes());
        assert!(!trouble(403, "AccessDenied").passes());
    }
}
