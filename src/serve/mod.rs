//! HTTP: how the backups stand, metrics, pages; and the drills of the schedules.
//!
//! Looking and drilling happen in the background and write down what they learn; answering reads it, on a thread of its
//! own. So neither a slow bucket nor a drill ever holds up an answer.

mod answers;
mod drills;
mod gate;
mod health;
mod key;
mod known;
mod look;
mod metrics;
mod routes;
mod schedule;

use std::{
    net::{SocketAddr, TcpListener},
    pin::pin,
    sync::Arc,
    thread,
    time::Duration,
};

use axum::http::HeaderName;
use jiff::Timestamp;
use tokio::{
    sync::{oneshot, watch},
    task::JoinSet,
    time::timeout,
};

use self::{
    answers::Answers,
    drills::{Stop, Turn},
    gate::{Gate, Peer},
    key::Door,
    known::Watch,
    routes::House,
};
use crate::{
    error::{Error, OrStop as _, Result},
    plan::Plan,
    units::Secret,
    verify::Signal,
    words::Lang,
};

/// How long a drill may take to clean up after the signal. Below the 30 seconds after which most supervisors kill.
const LAST_DRILL: Duration = Duration::from_secs(25);

/// How long the last answers may take.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// What the command line asks for beyond the plans.
#[derive(Debug)]
pub struct Settings {
    /// Where to listen. Port 0 takes any that is free.
    pub listen: SocketAddr,
    /// How often the storage is looked at.
    pub refresh: Duration,
    /// The language of those who are told of drills.
    pub lang: Lang,
    /// The admin key. Without one only this machine may ask.
    pub key: Option<Secret>,
    /// The header in which a proxy in front tells who asks.
    pub proxy: Option<String>,
}

/// A server that listens and does not answer yet.
pub struct Server {
    listener: TcpListener,
    house: Arc<House>,
    turns: Vec<Turn>,
}

impl Server {
    /// Listens. A plan is asked for by its name: no two may have the same.
    ///
    /// # Errors
    /// When the address is taken or not ours, or when others could ask without a key.
    pub fn bind(plans: Vec<Plan>, settings: &Settings) -> Result<Self> {
        private(settings)?;
        let proxy = settings.proxy.as_ref().map(|name| {
            HeaderName::try_from(name).or_stop(
                || format!("\"{name}\" is no name of a header"),
                "Name the header that your proxy sets, such as X-Forwarded-For.",
            )
        });
        let proxy = proxy.transpose()?;
        let watch = Arc::new(Watch::new(plans, settings, Timestamp::now()));
        let turns = drills::turns(&watch)?;
        let doing = || format!("could not listen on {}", settings.listen);
        let hint = "Stop what listens there, or choose another address with `--listen`.";
        let listener = TcpListener::bind(settings.listen).or_stop(doing, hint)?;
        listener.set_nonblocking(true).or_stop(doing, hint)?;
        Ok(Self {
            listener,
            turns,
            house: Arc::new(House {
                answers: Answers::new(Arc::clone(&watch)),
                door: Door::new(settings.key.as_ref()),
                watch,
                proxy,
            }),
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().or_stop(
            || "could not ask for our own address".to_owned(),
            "Start it again.",
        )
    }

    /// Answers, looks and drills until it is interrupted. A drill that runs then is interrupted, too: its sandbox is
    /// removed and its report kept.
    ///
    /// # Errors
    /// When answers could no longer be given, or a drill did not end in time.
    pub async fn run(self, interrupt: impl Future<Output = Signal>) -> Result<()> {
        let (tell, told) = watch::channel(None);
        let stop = Stop(told);
        let mut answering = answer(self.listener, Arc::clone(&self.house), stop.clone())?;
        let watch = &self.house.watch;
        let mut looks = JoinSet::new();
        for position in 0..watch.plans.len() {
            looks.spawn(look::run(Arc::clone(watch), position));
        }
        let mut drills = tokio::spawn(drills::run(Arc::clone(watch), self.turns, stop));
        // Kept to the end: who still listens is not ended by a signal before the drill was cleaned up.
        let mut interrupt = pin!(interrupt);
        let early = tokio::select! {
            signal = interrupt.as_mut() => {
                tell.send_replace(Some(signal));
                None
            }
            ended = &mut answering => Some(ended.unwrap_or_else(|_| Err(broke_off()))),
        };
        if early.is_some() {
            tell.send_replace(Some(Signal::Terminate));
        }
        looks.abort_all();
        let drilled = timeout(LAST_DRILL, &mut drills).await;
        let answered = match early {
            Some(ended) => ended,
            None => last_answers(answering).await,
        };
        drilled
            .or_stop(
                || "the drill did not clean up in time".to_owned(),
                "Run `pgdrill clean`.",
            )?
            .or_stop(
                || "the drills broke off".to_owned(),
                "Look at the log, and start it again.",
            )?;
        answered
    }
}

/// Answers on a thread of its own until the signal comes: a drill that keeps the others busy does not delay it.
fn answer(
    listener: TcpListener,
    house: Arc<House>,
    stop: Stop,
) -> Result<oneshot::Receiver<Result<()>>> {
    let (tell, told) = oneshot::channel();
    let hint = "Check the limits on processes and open files.";
    let answering = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(4)
            .build();
        let runtime = runtime.or_stop(|| "could not begin to answer".to_owned(), hint)?;
        let ended = runtime.block_on(serve(listener, house, stop));
        runtime.shutdown_background();
        ended
    };
    thread::Builder::new()
        .name("answers".to_owned())
        .spawn(move || {
            // Nobody listens any more when the end did not wait for the last answers.
            let _ = tell.send(answering());
        })
        .or_stop(|| "could not start a thread".to_owned(), hint)?;
    Ok(told)
}

async fn serve(listener: TcpListener, house: Arc<House>, stop: Stop) -> Result<()> {
    let doing = || "could not answer".to_owned();
    let hint = "Start it again.";
    let listener = tokio::net::TcpListener::from_std(listener).or_stop(doing, hint)?;
    let service = routes::routes(house).into_make_service_with_connect_info::<Peer>();
    let ended = async move {
        stop.wait().await;
    };
    let serving = axum::serve(Gate::new(listener), service).with_graceful_shutdown(ended);
    serving.await.or_stop(doing, hint)
}

/// Waits for the answers that are on their way, but not for those who do not read theirs.
async fn last_answers(answering: oneshot::Receiver<Result<()>>) -> Result<()> {
    match timeout(LAST_ANSWERS, answering).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_)) => Err(broke_off()),
        Err(_) => Ok(()),
    }
}

fn broke_off() -> Error {
    Error::new(
        "the thread that answers broke off",
        "Look at the log, and start it again.",
    )
}

/// Without a key nobody but this machine may ask.
fn private(settings: &Settings) -> Result<()> {
    if settings.key.is_some() || settings.listen.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    Err(Error::new(
        format!(
            "\"{}\" can be reached by others, and there is no admin key",
            settings.listen
        ),
        "Set PGDRILL_ADMIN_KEY, such as to the output of `openssl rand -hex 32`, or listen on 127.0.0.1.",
    ))
}
