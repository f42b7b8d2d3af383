package session

import (
	"errors"
	"fmt"
)

// ErrNotSaved is joined to what Run of an engine returns when the last save in a store
// failed, or did not return in time: unless it still comes to pass, events since the one
// before will be delivered again.
var ErrNotSaved = errors.New("engine: the sessions could not be saved at the end")

// MismatchError says that saved sessions are not those of the bot, or of
// the number of shards, that is to run. Nothing was changed. It ends Run.
type MismatchError struct {
	OtherBot       bool // they belong to another token
	Saved, Running int  // numbers of shards, where these differ
}

// Error names cause and remedy.
func (e *MismatchError) Error() string {
	if e.OtherBot {
		return "engine: the saved sessions belong to another token; give Config.Sessions another place, or remove what is saved there"
	}
	return fmt.Sprintf("engine: the saved sessions are those of a bot of %d shards, but %d are to run; "+
		"set Config.Shards to %[1]d to go on with them, or remove what is saved to begin anew", e.Saved, e.Running)
}
