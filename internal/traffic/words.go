package traffic

import "strings"

// The tables are ordered by how often their elements recur, where they are drawn
// by rank. All of it stands inside JSON strings as it is, with its escapes.

// words are what most messages are made of.
var words = strings.Fields(`
the i to a you and it is that in of for me lol this just my on so was not be have like no do but what we if with
yeah can are your get at all up he good they know one how now go its out got im dont he's when there see or yes
u time think from ok game need really want then too play haha why about some here would as who back more she
make will much has did been let still right thanks well him people someone anyone server them new day guys even
only bro love same please nice wait today try doing over could should never something after first down oh off
help bot night work better going because find best pretty man sorry again any than our two little bad had very
way actually thing things next last great always before long gonna wanna maybe team added level join talk voice
stream watch video music song channel role ping mods event update tomorrow later tonight morning sleep food
school class build quest raid dungeon boss loot sword craft rank match queue mid carry support damage heal patch
nerf buff meta friend friends stuff money free link check message send post read type chat name account active
afraid agree album already also amazing angry anime answer app apparently arena armor around art ask attack
automatic awesome awful banned base battle beautiful become believe birthday block book boring both bought break
bring broken brother bruh bug busy button buy cake call came camera cannot captain card careful change cheap
choose clan clean clip close cloud coffee cold collab color command community computer config connect cool copy
correct cost couple course cover crash crazy create credits cute daily dark date dead deal decided deck default
definitely delete design detail died different difficult dinner discord dm doctor dog dollar door double
download draw dream drop during early earth easy eat edit either else email emote empty end energy english
enough enter error especially ever every everyone everything exactly example except excited expect explain extra
eyes face fair fall family far farm fast father favorite feature feel few fight figure file final fire fish fix
flag floor fly follow forget form found four front full fun funny future gift girl glad goal gold gone graphics
green ground group grow guess guide guild guitar hair half hand happen happy hard hate head health hear heart
heavy hello hero hide high hit hold holiday home hope hour house huge hundred idea image imagine important info
inside install instead internet invite island issue item japan jump keep key kick kid kill kind kitchen knew
language laptop large late laugh leader learn leave left legend less lets letter life light limit line list
listen live load local lock lonely loud lucky luck lunch magic main map market master matter mean meet member
memory mention mess middle might mine mind minute miss mobile mode monitor month moon mouse move movie near
nobody noise normal north number offer office often old`)

// ornaments are what the other words are not: other languages, emoji, and what
// has to be escaped in JSON.
var ornaments = []string{
	"😂", "😭", "🔥", "❤️", `\n`, "👀", "💀", "🙏", `\n\n`, "✨", "<:pog:1012345678901234567>", "👍",
	`\"gg\"`, "**GG**", "<:kekw:734421589211725834>", "https://tenor.com/view/cat-dance-gif-24875112",
	"não", "está", "für", "schön", "mañana", "très", "привет", "спасибо", "ありがとう", "草", "안녕", "你好",
	"şimdi", "đúng", "مرحبا", "สวัสดี", "🏳️‍🌈", "👨‍👩‍👧", `\t`, `C:\\Users\\me`, "`/help`",
	"<a:partyblob:584929316584824832>", "https://youtu.be/dQw4w9WgXcQ", `\"really?\"`,
	"```ansi\\n\\u001b[0;32mok\\u001b[0m\\n```",
}

// nameParts make user names, two of them with or without digits.
var nameParts = strings.Fields(`
shadow dark wolf cat luna star night king moon fox blue ghost dragon pixel ninja storm sky lord mint sunny toxic
frost nova echo panda raven coffee sleepy tiny crimson silver rusty lazy neon cosmic cherry pepper maple cloud
hunter knight wizard potato noodle mango turtle otter falcon tiger bunny koala goblin frog duck bear shark lemon
mochi ember jade onyx ruby ivory velvet river`)

// nicks stand in global names and guild nicknames besides the user name itself.
var nicks = []string{
	"Alex", "Sam", "✨ luna ✨", "Chris", "Max", "ᴅᴀʀᴋ", "Leo", "Mia", "Kai", "ゆき", "Ana", "Zoë", "Nico",
	"Иван", "el pato 🦆", "Ben", "Ellie", "José", "민준", `The \"Real\" One`, "小明", "Finn", "Chloé", "Ömer",
	"[AFK] Tom", "Юля", "mr. bean", "𝓥𝓲𝓿𝓲", "Lars", "Dana", "Rui",
}

var guildNames = []string{
	"The Lounge", "Pixel Café", "Night Raiders", "Anime & Chill", "Crypto Traders", "Study Together", "Minecraft Hub",
	"Valorant LFG", "Art Corner 🎨", "Die Werkstatt", "La Taverna", "Музыка", "ゲーム部", "Indie Devs", "Memes \\u0026 More",
	"Casa dos Jogos", "Roleplay City", "Book Club", "Lo-Fi Beats", "Movie Night", "Rocket League EU", "Tech Support",
}

var channelNames = []string{
	"general", "chat", "bot-commands", "memes", "off-topic", "music", "announcements", "rules", "welcome", "media",
	"lfg", "support", "suggestions", "clips", "art", "introductions", "counting", "starboard", "trading", "polls",
	"general-2", "events", "screenshots", "spam", "feedback", "mod-log", "💬・lounge", "🎮・gaming", "🔊 Voice", "deutsch",
	"português",
}

var roleNames = []string{
	"Member", "Admin", "Moderator", "Bots", "Server Booster", "VIP", "Verified", "Muted", "Level 5", "Level 10",
	"Level 20", "he/him", "she/her", "they/them", "Artist", "Gamer", "Events", "Announcements", "EU", "NA", "Minecraft",
	"Valorant", "DJ", "Helper", "Owner", "🎉 Giveaways", "Red", "Blue", "Green", "Purple", "Legend",
}

// unicodeEmoji are those of reactions and custom statuses.
var unicodeEmoji = []string{
	"👍", "❤️", "😂", "🔥", "😭", "👀", "✅", "💀", "🎉", "🙏", "💯", "👎", "😮", "🤔", "❌",
	"🥺", "😎", "⭐", "🫡", "🤡", "😍", "👏", "💜", "🚀", "🐸", "🍕", "☕", "🌙", "🎮", "🎵", "🌸",
}

// games are activities; id stands for the application.
var games = []struct{ name, id, details, state string }{
	{"League of Legends", "401518684763586560", "Summoner's Rift (Ranked)", "In Game"},
	{"VALORANT", "700136079562375258", "Competitive", "In a match"},
	{"Roblox", "363445589247131668", "Playing Blox Fruits", ""},
	{"Minecraft", "1402418491272986635", "", ""},
	{"Visual Studio Code", "383226320970055681", "Editing main.go", "Workspace: bot"},
	{"Counter-Strike 2", "1158877933042143272", "Competitive", "de_mirage [7:5]"},
	{"Genshin Impact", "762434991303950386", "", ""},
	{"Fortnite", "432980957394370572", "Battle Royale - 42 Remaining", "Squad"},
	{"Grand Theft Auto V", "356876176465199104", "Online", ""},
	{"osu!", "367827983903490050", "xi - Blue Zenith [FOUR DIMENSIONS]", "Clicking circles"},
	{"Rocket League", "379286085710381999", "Ranked Doubles", "3:1 with 02:12 left"},
	{"Apex Legends", "542075586886107149", "Ranked - Storm Point", "Squads left: 9"},
	{"Overwatch 2", "356875221078245376", "Quick Play", "In a group"},
	{"Dead by Daylight", "455434928405446656", "Survivor", "In lobby"},
	{"Among Us", "477175586805252107", "Playing", "Lobby"},
	{"Honkai: Star Rail", "1121201675240210523", "", ""},
	{"Final Fantasy XIV", "1126014561083428904", "Limsa Lominsa", "Lv 90 Sage"},
	{"Elden Ring", "946609449163456582", "Exploring the Lands Between", ""},
	{"Terraria", "356943499456937984", "", ""},
	{"Warframe", "357606832899325955", "In Mission", "Void Fissure"},
	{"Stardew Valley", "438122941302046720", "Year 3, Summer", "The Farm"},
	{"Baldur's Gate 3", "1137125502985961543", "Act II", "Moonrise Towers"},
	{"World of Warcraft", "356869127241072640", "Dornogal", "Lv 80 Druid"},
	{"Dota 2", "356875988589740042", "Ranked All Pick", "Level 17 - Crystal Maiden"},
	{"Old School RuneScape", "357606832899325960", "Zeah", "Training Agility"},
	{"Rust", "356888738724446208", "Official Weekly", "142 players"},
	{"Phasmophobia", "750079785250521098", "Investigating", "Nightmare"},
	{"Destiny 2", "372438022647578634", "Strike", "In orbit"},
	{"Sea of Thieves", "467050507003559946", "Open Seas", "Sloop"},
	{"Lethal Company", "1174141549764890674", "On Titan", "In a crew"},
	{"Balatro", "1209665818464358430", "Ante 6", "Gold Stake"},
}

var artists = []string{
	"Taylor Swift", "The Weeknd", "Bad Bunny", "Drake", "Billie Eilish", "Kendrick Lamar", "SZA", "Travis Scott",
	"Lana Del Rey", "Arctic Monkeys", "NewJeans; ILLIT", "YOASOBI", "Rammstein", "Måneskin", "Beyoncé", "Dua Lipa",
	"米津玄師", "Мот", "Olivia Rodrigo", "Tyler, The Creator", "Linkin Park", "Radiohead", "Fred again..; Skrillex",
	"Daft Punk", "Stromae", "Rosalía", "Ado", "Gorillaz", "Deftones", "Mitski", "Tame Impala",
}

var commands = strings.Fields(`
play rank help daily level skip balance work queue ping profile ban warn leaderboard ticket poll stop avatar shop
fish giveaway slots info trivia timeout clear remind weather meme translate gamble`)

var locales = strings.Fields(`en-US en-GB de pt-BR es-ES fr ru tr pl ja ko it nl zh-CN es-419`)

// statuses by how common they are.
var statuses = []string{"online", "idle", "dnd", offline, "online", "idle", "dnd"}

const offline = "offline"

var platforms = []string{"desktop", "mobile", "web"}
