mod protocol;

use std::sync::Arc;

use protocol::{env, log, quit_asked, say};
use serde_json::json;
use tokio::sync::Notify;
use twilight_gateway::{CloseFrame, ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt};
use twilight_model::gateway::payload::incoming::GuildCreate;

#[tokio::main]
async fn main() {
    log();
    let token = env("DISCORD_TOKEN");
    // Its HTTP client has a host, and no path: it asks for /api/v10 by itself.
    let api = env("API_URL");
    let tls = api.starts_with("https:");
    let host = api.split("://").nth(1).unwrap().replace("/api/v10", "");
    let http = twilight_http::Client::builder().token(token.clone()).proxy(host, !tls).ratelimiter(None).build();
    let gateway = http.gateway().authed().await.unwrap().model().await.unwrap();
    let config = ConfigBuilder::new(token, Intents::all()).proxy_url(gateway.url).build();
    let mut shard = Shard::with_config(ShardId::ONE, config);

    let quit = Arc::new(Notify::new());
    let asked = quit.clone();
    tokio::spawn(async move {
        quit_asked().await;
        asked.notify_one();
    });
    let mut leaving = false;
    loop {
        let item = tokio::select! {
            item = shard.next_event(EventTypeFlags::all()) => item,
            () = quit.notified(), if !leaving => {
                leaving = true;
                shard.close(CloseFrame::NORMAL);
                continue;
            }
        };
        match item {
            None => break,
            Some(Err(error)) => say(json!({"e": "log", "level": "error", "text": format!("{error:?}")})),
            Some(Ok(event)) => match event {
                Event::Ready(ready) => say(json!({"e": "ready", "guilds": ready.guilds.len()})),
                Event::GuildCreate(guild) => match *guild {
                    GuildCreate::Available(guild) => {
                        say(json!({"e": "guild", "id": guild.id.to_string(), "channels": guild.channels.len() + guild.threads.len()}))
                    }
                    GuildCreate::Unavailable(_) => {}
                },
                Event::MessageCreate(message) => say(json!({"e": "message", "id": message.id.to_string()})),
                Event::Resumed => say(json!({"e": "resumed"})),
                Event::GatewayClose(_) if leaving => break,
                _ => {}
            },
        }
    }
    if leaving {
        say(json!({"e": "bye"}));
        return;
    }
    say(json!({"e": "stopped", "text": "the stream of events has ended"}));
    quit.notified().await;
    say(json!({"e": "bye"}));
}
