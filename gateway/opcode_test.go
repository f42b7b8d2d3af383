package gateway

import "testing"

// Discord: "Gateway Opcodes".
func TestOpcodes(t *testing.T) {
	want := map[Opcode]string{
		0: "Dispatch", 1: "Heartbeat", 2: "Identify", 3: "Presence Update", 4: "Voice State Update",
		6: "Resume", 7: "Reconnect", 8: "Request Guild Members", 9: "Invalid Session", 10: "Hello",
		11: "Heartbeat ACK", 31: "Request Soundboard Sounds", 43: "Request Channel Info",
		5: "Opcode 5", 12: "Opcode 12", 255: "Opcode 255",
		256: "Opcode 256", 1 << 32: "Opcode 4294967296", 1<<63 - 1: "Opcode 9223372036854775807",
	}
	for op, name := range want {
		if got := op.String(); got != name {
			t.Errorf("Opcode(%d).String() = %q, want %q", int64(op), got, name)
		}
	}
	constants := []Opcode{
		OpDispatch, OpHeartbeat, OpIdentify, OpPresenceUpdate, OpVoiceStateUpdate, OpResume, OpReconnect,
		OpRequestGuildMembers, OpInvalidSession, OpHello, OpHeartbeatACK, OpRequestSoundboardSounds,
		OpRequestChannelInfo,
	}
	numbers := []Opcode{0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 31, 43}
	for i, op := range constants {
		if op != numbers[i] {
			t.Errorf("%v = %d, want %d", op, int64(op), int64(numbers[i]))
		}
	}
}
