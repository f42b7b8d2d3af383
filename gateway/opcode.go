package gateway

import "strconv"

// An Opcode says what a payload is for: the number at the key op. It is as wide as
// the number that a peer can send, so that converting one cuts nothing off: 256 is
// no dispatch.
//
// Source: Discord, "Opcodes and Status Codes", heading "Gateway Opcodes".
type Opcode int64

// The gateway's opcodes. Numbers that are missing here are unused, or not for bots.
const (
	OpDispatch                Opcode = 0  // receive: something happened; the only payload with a sequence and an event type
	OpHeartbeat               Opcode = 1  // send and receive: sent at every interval, and at once when the gateway asks with the same opcode
	OpIdentify                Opcode = 2  // send: begin a session
	OpPresenceUpdate          Opcode = 3  // send: change the bot's status and activities
	OpVoiceStateUpdate        Opcode = 4  // send: join, move between, or leave voice channels
	OpResume                  Opcode = 6  // send: continue a session on a new connection
	OpReconnect               Opcode = 7  // receive: redial and resume
	OpRequestGuildMembers     Opcode = 8  // send: ask for members, answered by GUILD_MEMBERS_CHUNK
	OpInvalidSession          Opcode = 9  // receive: the session is over, or, when d is true, can be resumed
	OpHello                   Opcode = 10 // receive: the first payload, with the heartbeat interval
	OpHeartbeatACK            Opcode = 11 // receive: a heartbeat has arrived
	OpRequestSoundboardSounds Opcode = 31 // send: ask for soundboard sounds, answered by SOUNDBOARD_SOUNDS
	OpRequestChannelInfo      Opcode = 43 // send: ask for what voice channels show, answered by CHANNEL_INFO
)

// String returns the opcode's name as Discord writes it, such as "Heartbeat ACK",
// or "Opcode 5" for a number that has none.
func (op Opcode) String() string {
	switch op {
	case OpDispatch:
		return "Dispatch"
	case OpHeartbeat:
		return "Heartbeat"
	case OpIdentify:
		return "Identify"
	case OpPresenceUpdate:
		return "Presence Update"
	case OpVoiceStateUpdate:
		return "Voice State Update"
	case OpResume:
		return "Resume"
	case OpReconnect:
		return "Reconnect"
	case OpRequestGuildMembers:
		return "Request Guild Members"
	case OpInvalidSession:
		return "Invalid Session"
	case OpHello:
		return "Hello"
	case OpHeartbeatACK:
		return "Heartbeat ACK"
	case OpRequestSoundboardSounds:
		return "Request Soundboard Sounds"
	case OpRequestChannelInfo:
		return "Request Channel Info"
	}
	return "Opcode " + strconv.FormatInt(int64(op), 10)
}
