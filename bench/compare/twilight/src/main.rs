//! The race's client on twilight-gateway: raw messages, which are not deserialised.
//! What it is told and what it answers is defined in ../client/client.go.

use std::{
    env,
    io::{self, BufRead, Write},
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use futures_util::StreamExt;
use twilight_gateway::{ConfigBuilder, Intents, Message, Shard, ShardId, queue::InMemoryQueue};

/// What one shard received. Only its task writes.
#[derive(Default)]
struct Count {
    events: AtomicU64,
    faults: AtomicU64,
    last: AtomicU64,
}

fn main() {
    let shards: u32 = variable("RACE_SHARDS").parse().expect("RACE_SHARDS is no number");
    let built = if cfg!(feature = "zstd") {
        "zstd-stream"
    } else if cfg!(feature = "zlib") {
        "zlib-stream"
    } else {
        "none"
    };
    assert_eq!(built, variable("RACE_COMPRESS"), "this client was built for another compression");
    let counts: Arc<Vec<Count>> = Arc::new((0..shards).map(|_| Count::default()).collect());
    let mut orders = io::stdin().lock().lines();
    for order in orders.by_ref() {
        match order.as_deref() {
            Ok("start") => break,
            Ok(_) => answer(&counts),
            Err(_) => return,
        }
    }
    drop(orders);
    let answers = Arc::clone(&counts);
    thread::spawn(move || {
        for _order in io::stdin().lock().lines().map_while(Result::ok) {
            answer(&answers);
        }
        answer(&answers);
        process::exit(0);
    });
    // The race gives a client one core, so one thread it is.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("cannot start tokio")
        .block_on(connect(shards, counts));
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

async fn connect(shards: u32, counts: Arc<Vec<Count>>) {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .expect("there is a TLS provider already");
    let day = Duration::from_secs(86_400);
    // Zero lets every shard identify at once, which the race's gateway allows.
    let queue = InMemoryQueue::new(0, 1_000_000, day, 1_000_000);
    let config = ConfigBuilder::new(variable("RACE_TOKEN"), Intents::all())
        .proxy_url(variable("RACE_GATEWAY_URL"))
        .queue(queue)
        .build();
    for id in 0..shards {
        let shard = Shard::with_config(ShardId::new(id, shards), config.clone());
        tokio::spawn(receive(shard, Arc::clone(&counts)));
    }
    std::future::pending::<()>().await;
}

/// Counts a shard's dispatches. The shard reads sequences anyway, and only a
/// dispatch moves it.
async fn receive(mut shard: Shard, counts: Arc<Vec<Count>>) {
    let count = &counts[shard.id().number() as usize];
    let mut last = 0;
    while let Some(item) = shard.next().await {
        match item {
            Ok(Message::Text(_)) => {}
            Ok(Message::Close(frame)) => {
                eprintln!("closed: {frame:?}");
                continue;
            }
            Err(error) => {
                eprintln!("{error:?}");
                continue;
            }
        }
        let sequence = shard.session().map_or(0, |session| session.sequence());
        if sequence == last || sequence == 0 {
            continue;
        }
        if sequence != last + 1 {
            count.faults.fetch_add(1, Relaxed);
        }
        last = sequence;
        count.events.fetch_add(1, Relaxed);
        count.last.store(sequence, Relaxed);
    }
}

fn answer(counts: &[Count]) {
    let sum = |f: fn(&Count) -> &AtomicU64| counts.iter().map(|c| f(c).load(Relaxed)).sum::<u64>();
    let last: Vec<_> = counts.iter().map(|c| c.last.load(Relaxed).to_string()).collect();
    let (events, faults) = (sum(|c| &c.events), sum(|c| &c.faults));
    let line = format!(r#"{{"events":{events},"faults":{faults},"last":[{}]}}"#, last.join(","));
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
