package state

import (
	"errors"
	"fmt"

	"github.com/sluice-go/sluice/lazyjson"
)

// ErrUnavailable is the error of [Guild.AppendCreate] for a guild that is unavailable, or that
// the bot is not in any more.
var ErrUnavailable = errors.New("state: the guild is unavailable")

// Errors of LoadSnapshot. The shard is then as it was.
var (
	// ErrSnapshot tells that bytes are no snapshot, or a damaged one. What they held must be asked of
	// Discord anew: with an identify.
	ErrSnapshot = errors.New("state: the snapshot is damaged, or is none")

	// ErrSnapshotConfig tells that a snapshot was made with another Config.Members. Likewise.
	ErrSnapshotConfig = errors.New("state: the snapshot was made with another choice of members")
)

// errDamaged tells that what lies at rest makes no sense. Only a file can bring that about.
var errDamaged = errors.New("state: the guild's state is damaged")

// Why an event cannot be applied: Apply names the event in front.
var (
	errNoObject = errors.New("the data is no object")
	errNoID     = errors.New("there is no id of what the event is about")
	errDeep     = fmt.Errorf("arrays and objects nest more than %d deep", maxDepth)
	errLarge    = fmt.Errorf("the guild would have more than %d MiB", maxRows>>21)
	errUser     = errors.New("READY had no user")
)

// because returns err with its cause, if there is one that says more.
func because(err, cause error) error {
	if cause == nil || errors.Is(cause, lazyjson.ErrMissing) {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// noArray returns the error of a list that is something else, or missing.
func noArray(name string, v lazyjson.Value) error {
	if v.Exists() {
		return fmt.Errorf("%s is no array: it is a %s", name, v.Kind())
	}
	return because(fmt.Errorf("%s is missing", name), v.Err())
}
