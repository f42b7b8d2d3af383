import java.io.InputStreamReader;
import java.io.BufferedReader;
import java.io.PrintStream;
import java.util.EnumSet;

import net.dv8tion.jda.api.JDA;
import net.dv8tion.jda.api.JDABuilder;
import net.dv8tion.jda.api.entities.Guild;
import net.dv8tion.jda.api.events.message.MessageReceivedEvent;
import net.dv8tion.jda.api.events.session.ReadyEvent;
import net.dv8tion.jda.api.events.session.SessionResumeEvent;
import net.dv8tion.jda.api.events.session.ShutdownEvent;
import net.dv8tion.jda.api.hooks.ListenerAdapter;
import net.dv8tion.jda.api.requests.GatewayIntent;
import net.dv8tion.jda.api.requests.RestConfig;
import net.dv8tion.jda.api.utils.Compression;
import net.dv8tion.jda.api.utils.ConcurrentSessionController;
import net.dv8tion.jda.api.utils.data.DataObject;

/** A JDA bot that says what it sees, as JSON lines. */
public final class Bot extends ListenerAdapter {
    private static final PrintStream OUT = System.out;

    private static synchronized void say(DataObject line) {
        OUT.println(line);
        OUT.flush();
    }

    private static DataObject event(String name) {
        return DataObject.empty().put("e", name);
    }

    @Override
    public void onReady(ReadyEvent event) {
        for (Guild guild : event.getJDA().getGuilds()) {
            say(event("guild").put("id", guild.getId()).put("channels", guild.getChannels(true).size() + guild.getThreadChannels().size()));
        }
        say(event("ready").put("guilds", event.getGuildTotalCount()));
    }

    @Override
    public void onSessionResume(SessionResumeEvent event) {
        say(event("resumed"));
    }

    @Override
    public void onMessageReceived(MessageReceivedEvent event) {
        say(event("message").put("id", event.getMessageId()));
    }

    @Override
    public void onShutdown(ShutdownEvent event) {
        say(event("stopped").put("text", "shutdown " + event.getCloseCode()));
    }

    public static void main(String[] args) throws Exception {
        // slf4j-simple writes to System.err: each line becomes one of the log.
        System.setErr(new PrintStream(System.err, true) {
            @Override
            public void println(String line) {
                String level = line.contains("ERROR") ? "error" : "warning";
                say(event("log").put("level", level).put("text", line));
            }
        });
        String compression = System.getenv().getOrDefault("COMPRESSION", "");
        JDABuilder builder = JDABuilder.createDefault(System.getenv("DISCORD_TOKEN"), EnumSet.allOf(GatewayIntent.class))
            .setRestConfig(new RestConfig().setBaseUrl(System.getenv("API_URL") + "/"))
            // It takes the gateway's URL from here, and asks the REST API for none.
            .setSessionController(new ConcurrentSessionController() {
                @Override
                public String getGateway() {
                    return System.getenv("GATEWAY_URL") + "/";
                }
            })
            .addEventListeners(new Bot());
        if (compression.equals("none")) {
            builder.setCompression(Compression.NONE);
        } else if (compression.equals("zlib-stream")) {
            builder.setCompression(Compression.ZLIB);
        }
        JDA jda = builder.build();
        new BufferedReader(new InputStreamReader(System.in)).readLine();
        jda.shutdown();
        jda.awaitShutdown();
        say(event("bye"));
        System.exit(0);
    }
}
