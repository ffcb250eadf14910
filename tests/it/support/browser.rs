//! A real browser, driven from the test.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};

use super::server::missing;

/// A `chromedriver` that ends with the test.
pub(crate) struct Driver {
    process: Child,
    url: String,
}

/// How the page is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    Desktop,
    /// 1280 pixels wide, and the reader prefers it dark.
    Dark,
    /// 360 pixels wide, as the smallest phones are.
    Phone,
    /// The same in the dark.
    DarkPhone,
}

impl Driver {
    /// Starts one, where it is installed; skips loudly otherwise.
    pub(crate) fn start() -> Option<Self> {
        let started = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = match started {
            Ok(process) => process,
            Err(error) => {
                missing("chromium", &format!("chromedriver does not start: {error}"));
                return None;
            }
        };
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        Some(Self {
            process,
            url: format!("http://127.0.0.1:{}", port.unwrap()),
        })
    }

    /// Opens a browser.
    pub(crate) async fn open(&self, screen: Screen) -> Client {
        let mut arguments = vec![
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
        ];
        if matches!(screen, Screen::Dark | Screen::DarkPhone) {
            arguments.push("--blink-settings=preferredColorScheme=0");
        }
        let mut options = json!({ "args": arguments });
        if matches!(screen, Screen::Phone | Screen::DarkPhone) {
            options["mobileEmulation"] =
                json!({ "deviceMetrics": { "width": 360, "height": 800, "pixelRatio": 2.0 } });
        } else {
            arguments.push("--window-size=1280,1600");
            options["args"] = json!(arguments);
        }
        let mut wanted = serde_json::Map::new();
        wanted.insert("goog:chromeOptions".to_owned(), options);
        wanted.insert("unhandledPromptBehavior".to_owned(), json!("ignore"));
        ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(wanted)
            .connect(&self.url)
            .await
            .unwrap()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It ends its browsers with itself when it is told to quit; killing is for when it does not listen.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a script in the page says.
pub(crate) async fn ask(client: &Client, script: &str) -> Value {
    client.execute(script, vec![]).await.unwrap()
}

/// Keeps a picture of the whole page, when somebody wants to look: `PGDRILL_TEST_PICTURES=/some/folder`.
pub(crate) async fn picture(client: &Client, name: &str) {
    let Some(folder) = env::var_os("PGDRILL_TEST_PICTURES") else {
        return;
    };
    fs::create_dir_all(&folder).unwrap();
    let picture = client.screenshot().await.unwrap();
    fs::write(Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
}
