//! Asks again while the service is busy, and once more in the region that it names.

use std::{error::Error as StdError, fmt};

use aws_sdk_s3::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
};

use super::{Bucket, patience::Tries, trouble::Trouble};

impl Bucket {
    /// Asks until there is an answer, a refusal, or no patience left. Only for requests that may be sent twice.
    pub(super) async fn insist<T, E, F>(
        &self,
        ask: impl Fn(Client) -> F,
    ) -> std::result::Result<T, Trouble>
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + fmt::Debug + 'static,
        F: Future<Output = std::result::Result<T, SdkError<E>>>,
    {
        let mut tries = Tries::new(self.patience);
        let mut followed = !self.may_follow;
        loop {
            let answer = tokio::time::timeout(tries.left(), Box::pin(ask(self.client()))).await;
            let trouble = match answer {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => Trouble::from(error),
                Err(_) => Trouble::late(),
            };
            if trouble.is_elsewhere()
                && !followed
                && let Some(region) = trouble.region.clone()
            {
                followed = true;
                self.move_to(region);
            } else if trouble.unreachable || !trouble.passes() || !tries.pause().await {
                // The SDK has tried an unreachable host several times: more often a mistake than a fault.
                return Err(trouble);
            }
        }
    }
}
