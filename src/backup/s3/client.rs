//! How the bucket is spoken to: credentials, endpoint, region, retries.

use std::{env, time::Duration};

use aws_config::{
    BehaviorVersion, SdkConfig, environment::EnvironmentVariableRegionProvider,
    meta::region::RegionProviderChain, profile::ProfileFileRegionProvider, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_sdk_s3::config::{
    Config, Credentials, ProvideCredentials as _, Region, ResponseChecksumValidation,
    SharedCredentialsProvider, StalledStreamProtectionConfig,
};

use super::{Keys, Patience, trouble::is_region};
use crate::{
    error::{Error, Result, sentence, whole},
    plan::{self, BackupPlan},
};

/// Where AWS answers every question about a bucket's region; the bucket's own region is followed from here.
const FIRST_REGION: &str = "us-east-1";

/// What R2 calls its one region; MinIO takes any, Garage names its own.
const FIRST_REGION_ELSEWHERE: &str = "auto";

/// How long a connection may take: a host that does not answer by then is not there.
const CONNECT: Duration = Duration::from_secs(10);

/// How often the SDK tries before we look at what went wrong.
const TRIES: u32 = 3;

/// The client's configuration, and the endpoint where it is not Amazon's.
pub(super) async fn configure(
    plan: &BackupPlan,
    keys: Option<&Keys>,
    patience: Patience,
) -> Result<(Config, Option<String>)> {
    let named = plan
        .endpoint
        .clone()
        .filter(|endpoint| !endpoint.is_empty());
    let from_environment = || {
        env::var("AWS_ENDPOINT_URL_S3")
            .ok()
            .filter(|url| !url.is_empty())
    };
    let named = named.or_else(from_environment);
    let shared = load(plan, keys, named.is_some(), patience).await;
    let endpoint = named.or_else(|| shared.endpoint_url().map(str::to_owned));
    if let Some(endpoint) = &endpoint {
        must_be_url(endpoint)?;
    }
    must_be_region(&shared)?;
    if endpoint.is_some() {
        must_not_be_amazons(&shared)?;
    }
    let mut config = aws_sdk_s3::config::Builder::from(&shared)
        // Checksums are compared by ourselves: over a resumed body the SDK could not.
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        // A body that stands still is noticed by ourselves, also while the restore keeps us waiting.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_config(retries(patience))
        .timeout_config(timeouts(patience));
    if let Some(endpoint) = &endpoint {
        config = config.endpoint_url(endpoint).force_path_style(true);
    }
    let provider = match keys {
        Some(keys) => SharedCredentialsProvider::new(credentials(keys)),
        None => found(&shared, plan).await?,
    };
    Ok((config.credentials_provider(provider).build(), endpoint))
}

async fn load(
    plan: &BackupPlan,
    keys: Option<&Keys>,
    elsewhere: bool,
    patience: Patience,
) -> SdkConfig {
    let elsewhere = elsewhere || env::var_os("AWS_ENDPOINT_URL").is_some();
    let first = if elsewhere {
        FIRST_REGION_ELSEWHERE
    } else {
        FIRST_REGION
    };
    // The usual chain would go on to ask the machine's metadata service, which most machines do not have.
    let auto = || {
        RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(ProfileFileRegionProvider::new())
            .or_else(Region::new(first))
    };
    let region = match &plan.region {
        Some(region) => RegionProviderChain::first_try(Region::new(region.clone())),
        None => auto(),
    };
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        // Named already here: the SDK ends the process over words in AWS_RETRY_MODE or a profile that it does not know.
        .retry_config(retries(patience));
    match keys {
        Some(keys) => loader.credentials_provider(credentials(keys)).load().await,
        None => loader.load().await,
    }
}

fn credentials(keys: &Keys) -> Credentials {
    Credentials::new(&keys.id, keys.secret.reveal(), None, None, "pgdrill")
}

/// The credentials of the usual chain, asked for once so that their absence is told as what it is.
async fn found(shared: &SdkConfig, plan: &BackupPlan) -> Result<SharedCredentialsProvider> {
    let hint = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; listing and reading must be allowed.";
    let doing = format!("found no credentials for \"{}\"", plan.url);
    let Some(provider) = shared.credentials_provider() else {
        return Err(Error::new(doing, hint));
    };
    match provider.provide_credentials().await {
        Ok(found) if is_plain(&found) => Ok(provider),
        Ok(_) => {
            let hint = "Write AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN anew, without a line end behind them.";
            Err(Error::new(
                "the access key holds what no header may hold",
                hint,
            ))
        }
        Err(error) => {
            let asked = env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
            let cause = nowhere(&without_a_programs_words(&whole(&error)), asked.as_deref());
            Err(Error::new(doing, hint).because(cause))
        }
    }
}

/// What `credential_process` of a profile wrote may hold a password: only how it ended is told.
pub(super) fn without_a_programs_words(text: &str) -> String {
    let ours = text.split_once("Stderr:").map_or(text, |(ours, _)| ours);
    ours.trim().to_owned()
}

/// Whether what goes into headers as it is may go there.
fn is_plain(found: &Credentials) -> bool {
    let parts = [Some(found.access_key_id()), found.session_token()];
    let mut letters = parts.into_iter().flatten().flat_map(str::bytes);
    letters.all(|letter| letter.is_ascii_graphic())
}

fn must_be_region(shared: &SdkConfig) -> Result<()> {
    if shared
        .region()
        .is_none_or(|region| is_region(region.as_ref()))
    {
        return Ok(());
    }
    let hint =
        "Check `backup.region`, AWS_REGION and the profile: a region is a word such as eu-west-1.";
    Err(Error::new("the region is no region's name", hint))
}

/// The SDK refuses these settings beside an endpoint with each request, and does not name them.
fn must_not_be_amazons(shared: &SdkConfig) -> Result<()> {
    let settings = [
        (shared.use_fips(), "AWS_USE_FIPS_ENDPOINT"),
        (shared.use_dual_stack(), "AWS_USE_DUALSTACK_ENDPOINT"),
    ];
    for (on, variable) in settings {
        if on == Some(true) {
            let hint = format!(
                "Unset {variable}, and the same in the profile, or leave `backup.endpoint` out."
            );
            let doing =
                format!("{variable} is for endpoints of Amazon's, and another one is named");
            return Err(Error::new(doing, hint));
        }
    }
    Ok(())
}

/// The chain ends at the machine's metadata service, and tells of that alone. `asked` is the profile that was asked for.
fn nowhere(cause: &str, asked: Option<&str>) -> String {
    let undefined = cause
        .split_once("profile `")
        .and_then(|(_, rest)| rest.split_once("` was not defined: could not find"));
    if let Some((profile, _)) = undefined {
        format!("There is no profile \"{profile}\" in the files of the AWS CLI.")
    } else if cause.contains("IMDS") || cause.contains("not enabled") {
        if let Some(profile) = asked {
            return format!("The profile \"{profile}\", which AWS_PROFILE names, gives none.");
        }
        "Neither the environment, nor a profile, nor a role of this machine gives any.".to_owned()
    } else {
        sentence(cause)
    }
}

fn retries(patience: Patience) -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(TRIES)
        .with_initial_backoff(patience.pause)
}

fn timeouts(patience: Patience) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT.min(patience.deadline))
        .read_timeout(patience.stall)
        .operation_timeout(patience.deadline)
        .build()
}

fn must_be_url(endpoint: &str) -> Result<()> {
    if plan::holds_more_than_a_place(endpoint) {
        // It may be a password, so it is not repeated.
        let hint = "Leave user, password, query and fragment out: credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.";
        return Err(Error::new(
            "`backup.endpoint` holds more than scheme, host and path",
            hint,
        ));
    }
    if plan::is_endpoint(endpoint) {
        return Ok(());
    }
    let hint = "Write it with its scheme, such as https://s3.example.com or http://127.0.0.1:9000.";
    Err(Error::new(
        format!("`backup.endpoint` is no URL: \"{endpoint}\""),
        hint,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_that_are_nowhere_are_not_blamed_on_the_last_place_asked() {
        let nothing = "failed to load IMDS session token: request forbidden";
        assert!(nowhere(nothing, None).starts_with("Neither the environment"));
        assert!(nowhere(nothing, Some("x")).contains("\"x\", which AWS_PROFILE names"));
        assert_eq!(nowhere("the token is old", None), "the token is old.");
    }

    #[test]
    fn a_profile_that_is_not_there_is_named() {
        let told = "Profile: profile `base` was not defined: could not find source profile base referenced from x; IMDS: no";
        let expected = "There is no profile \"base\" in the files of the AWS CLI.";
        assert_eq!(nowhere(told, Some("x")), expected);
    }

    #[test]
    fn what_a_program_for_credentials_wrote_is_not_repeated() {
        let told =
            "external process exited with code exit status: 3. Stderr: wrong password: hunter2\n";
        let expected = "external process exited with code exit status: 3.";
        assert_eq!(without_a_programs_words(told), expected);
    }

    #[test]
    fn an_endpoint_needs_its_scheme() {
        assert!(must_be_url("https://s3.example.com").is_ok());
        assert!(must_be_url("http://127.0.0.1:9000").is_ok());
        for wrong in ["127.0.0.1:9000", "https://", "s3.example.com", "ftp://x"] {
            assert!(must_be_url(wrong).is_err(), "{wrong}");
        }
        for secret in [
            "http://u:hunter2@h",
            "u:hunter2@h",
            "http://h/?token=hunter2",
        ] {
            let told = format!("{:?}", must_be_url(secret).unwrap_err());
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn a_key_with_a_line_end_is_none() {
        let key = |id: &str| is_plain(&Credentials::new(id, "s\n", None, None, "test"));
        assert!(key("AKIA1"));
        assert!(!key("AKIA1\n"));
    }
}
