mod protocol;

use protocol::{env, log, quit_asked, say};
use serde_json::json;
use serenity::all::*;

struct Bot;

#[async_trait]
impl EventHandler for Bot {
    async fn ready(&self, _: Context, ready: Ready) {
        say(json!({"e": "ready", "guilds": ready.guilds.len()}));
    }

    async fn guild_create(&self, _: Context, guild: Guild, _: Option<bool>) {
        say(json!({"e": "guild", "id": guild.id.to_string(), "channels": guild.channels.len() + guild.threads.len()}));
    }

    async fn message(&self, _: Context, message: Message) {
        say(json!({"e": "message", "id": message.id.to_string()}));
    }

    async fn resume(&self, _: Context, _: ResumedEvent) {
        say(json!({"e": "resumed"}));
    }
}

#[tokio::main]
async fn main() {
    log();
    let api = env("API_URL").replace("/api/v10", "");
    let http = HttpBuilder::new(env("DISCORD_TOKEN")).proxy(api).ratelimiter_disabled(true).build();
    let mut client = ClientBuilder::new_with_http(http, GatewayIntents::all()).event_handler(Bot).await.unwrap();
    let shards = client.shard_manager.clone();
    let run = tokio::spawn(async move {
        let result = client.start().await;
        say(json!({"e": "stopped", "text": format!("{result:?}")}));
    });
    quit_asked().await;
    shards.shutdown_all().await;
    let _ = tokio::time::timeout(std::time::Duration::from_secs(5), run).await;
    say(json!({"e": "bye"}));
}
