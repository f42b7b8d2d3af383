// Package state keeps what a bot must be told that begins on a shard whose session is long
// under way: READY, and a GUILD_CREATE for each guild, as Discord would send them now.
//
// # What is kept
//
// Of each guild, its last GUILD_CREATE, brought up to date by the events of [Events]. Fields
// that this package does not know are kept as they came.
//
//   - channels, threads, roles, emojis, stickers, stage_instances, guild_scheduled_events,
//     soundboard_sounds and voice_states follow their events. So does everything that
//     GUILD_UPDATE carries. Threads that are archived leave, as Discord lists only active ones.
//   - member_count follows members that come and go.
//   - members holds the bot's own member, which follows GUILD_MEMBER_UPDATE, and the members
//     who are in a voice channel, as of their last voice state. All others, and presences, are
//     left out: a bot asks for members as it does at Discord. With [Config.Members] all
//     of them are kept as GUILD_CREATE had them; members then follow GUILD_MEMBER_ADD,
//     _UPDATE and _REMOVE, and a presence stays as it was until its member leaves.
//   - a role that is deleted leaves the members that are kept, and a channel takes its threads with
//     it, as Discord sends no events of those.
//   - last_message_id of channels and threads is left as it was. To follow it would
//     cost work for each message, and bots only take it for a hint.
//
// A list that GUILD_CREATE did not have is shown while there is something in it.
//
// A guild that Discord says is unavailable is forgotten until its next GUILD_CREATE, and so is
// each guild when a new session begins.
//
// # How it is kept
//
// A guild is a head, which is the object without its lists, and the rows of its lists: one
// channel, role or voice state each (lists.go). A row is the JSON in a binary form (tags.go): keys
// are numbered once for all objects that have the same ones (shapes.go), and ids, hashes and
// timestamps are numbers (encode.go, decode.go, text.go). Rows lie compressed in three groups: what
// changes once in a while, emojis and other lists that come whole with each change, and who is in which
// voice channel.
//
// A group is compressed field by field (coder.go, coder_value.go). Each field of each kind of object is a column
// (columns.go). It has a table of what it says most often, made of the first guilds of the bot (train.go). What it says is
// then a number of that table, which hangs on the shape of the object around it; or it is the head of a value whose content
// follows:
//
//   - an id that was there before is told by its place among the keys of its list, which come before all else, or among
//     the roles and channels of the guild (refs.go): behind the last one, a few further, or anywhere. Another one is told
//     by worker, process and increment, as snowflakes have them, and its time (coder_number.go);
//   - a time is told by its difference to the last one, or to the newest one of training, whichever was shorter there;
//   - a number is one that was told before, or one more than the last one, or the time when the object was
//     made, or it has a length and bits;
//   - a text is words that are known, as often as each column says them. Other words are cut into parts that are known
//     (train_words.go), and their letters told by the three in front of each (coder_text.go);
//   - a hash is its 16 bytes.
//
// A range coder (ranger.go) makes bits of all that by how probable it is. Probabilities begin as the first
// guilds have left them, and follow what a group says. Rows of before there are enough guilds are
// compressed by zstd alone (pack.go).
//
// Of a guild of 100 channels, 25 roles and 20 emojis, 73 KB of JSON without members, that leaves 3.1 KB, of which nearly
// all is what nothing foretells: 0.9 KB are the ids of its channels, roles and so on, 0.4 KB versions, 0.35 KB the ids of
// last messages, 0.7 KB names and texts, 0.2 KB permissions and 0.2 KB hashes.
//
// An event does not touch what is compressed. It appends operations to its group's log
// (log.go, merge.go), where newer ones replace older ones about the same row. A log is applied when
// the logs of its guild have grown too long, later for guilds that change all the time (open.go), and whenever
// the guild is asked for (render.go). Of a list that an event carries as a whole, what has not changed since the
// last such event is not even decoded (whole.go).
//
// apply.go says which event does what, by the functions of take_*.go. snapshot.go keeps all of it in a
// file over a restart of the process.
package state
