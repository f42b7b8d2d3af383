//! What the programs of this folder have in common: JSON lines out, one command in.
use std::io::Write;

use serde_json::{json, Value};
use tokio::io::{AsyncBufReadExt, BufReader};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::Layer;

pub fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

pub fn say(line: Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

/// Returns when the harness says quit.
pub async fn quit_asked() {
    let mut line = String::new();
    let _ = BufReader::new(tokio::io::stdin()).read_line(&mut line).await;
}

struct Lines;

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!(" {}={:?}", field.name(), value));
    }
}

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => "error",
            tracing::Level::WARN => "warning",
            _ => return,
        };
        let mut text = Text(event.metadata().target().to_owned());
        event.record(&mut text);
        say(json!({"e": "log", "level": level, "text": text.0}));
    }
}

/// Says what the library's log says, from warnings on.
pub fn log() {
    tracing_subscriber::registry().with(Lines).init();
}
